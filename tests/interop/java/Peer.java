import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Java peer: writes interactions and reads what is published, with Apache's Avro and Kafka and Apicurio's serializers,
 * which frame as Confluent's do.
 *
 * <pre>
 * Peer produce BROKERS REGISTRY LANGUAGE FILE    lines {topic, schema (a file), event}; agencies get LANGUAGE- in front
 * Peer consume BROKERS REGISTRY TOPIC=KEY=COUNT… KEY: avro or text; prints lines {topic, partition, offset, key, value}
 * Peer decode FILE FOLDER                        lines {schema, key_schema, key, value} in hex; schemas of the folder
 * </pre>
 */
public final class Peer {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int FRAME_SIZE = 5;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false,
            StandardCharsets.UTF_8);

    private Peer() {}

    public static void main(String[] words) throws Exception {
        String verb = words.length > 0 ? words[0] : "";
        if (verb.equals("produce") && words.length == 5) {
            produce(words[1], words[2], words[3], Path.of(words[4]));
        } else if (verb.equals("consume") && words.length > 3) {
            consume(words[1], words[2], List.of(words).subList(3, words.length));
        } else if (verb.equals("decode") && words.length == 3) {
            decode(Path.of(words[1]), Path.of(words[2]));
        } else {
            throw new IllegalArgumentException("usage: Peer produce|consume|decode …, see Peer.java");
        }
        OUT.flush();
    }

    /** What makes Apicurio's serializers use four bytes of id, and the id that the Confluent API knows. */
    private static Map<String, Object> serdes(String registry, boolean isKey) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("apicurio.registry.url", registry.replaceFirst("/apis/ccompat/v\\d+$", "/apis/registry/v2"));
        settings.put("apicurio.registry.as-confluent", true);
        settings.put("apicurio.registry.use-id", "contentId");
        settings.put("apicurio.registry.auto-register", !isKey);
        settings.put("apicurio.registry.headers.enabled", false);
        return settings;
    }

    private static List<JsonNode> lines(Path path) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (String line : Files.readAllLines(path)) {
            found.add(JSON.readTree(line));
        }
        return found;
    }

    private static void produce(String brokers, String registry, String language, Path path) throws Exception {
        Map<String, Schema> schemas = new HashMap<>();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (AvroKafkaSerializer<GenericRecord> serializer = new AvroKafkaSerializer<>();
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", brokers),
                        new ByteArraySerializer(), new ByteArraySerializer())) {
            serializer.configure(serdes(registry, false), false);
            for (JsonNode line : lines(path)) {
                String file = line.get("schema").asText();
                if (!schemas.containsKey(file)) {
                    schemas.put(file, new Schema.Parser().parse(Files.readString(Path.of(file))));
                }
                ObjectNode event = (ObjectNode) line.get("event");
                event.put("agency", language + "-" + event.get("agency").asText());
                String topic = line.get("topic").asText();
                byte[] value = serializer.serialize(topic, (GenericRecord) datum(schemas.get(file), event));
                sent.add(producer.send(new ProducerRecord<>(topic, value)));
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
    }

    /** A value of the schema's type, from plain JSON. */
    private static Object datum(Schema schema, JsonNode value) {
        switch (schema.getType()) {
            case NULL:
                return null;
            case UNION:
                for (Schema branch : schema.getTypes()) {
                    if (value.isNull() == (branch.getType() == Schema.Type.NULL)) {
                        return datum(branch, value);
                    }
                }
                throw new IllegalArgumentException("no branch for " + value);
            case RECORD:
                GenericRecord record = new GenericData.Record(schema);
                for (Schema.Field field : schema.getFields()) {
                    record.put(field.name(), value.has(field.name()) ? datum(field.schema(), value.get(field.name()))
                            : GenericData.get().getDefaultValue(field));
                }
                return record;
            case ENUM:
                return new GenericData.EnumSymbol(schema, value.asText());
            case INT:
                return value.intValue();
            case LONG:
                return value.longValue();
            case DOUBLE:
                return value.doubleValue();
            case BOOLEAN:
                return value.booleanValue();
            case STRING:
                return value.asText();
            default:
                throw new IllegalArgumentException("no interaction has a " + schema.getType());
        }
    }

    private static void consume(String brokers, String registry, List<String> words) {
        Map<String, Boolean> avroKeys = new HashMap<>();
        int left = 0;
        for (String word : words) {
            String[] parts = word.split("=");
            avroKeys.put(parts[0], parts[1].equals("avro"));
            left += Integer.parseInt(parts[2]);
        }
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed",
                "enable.auto.commit", false);
        try (AvroKafkaDeserializer<GenericRecord> keys = new AvroKafkaDeserializer<>();
                AvroKafkaDeserializer<GenericRecord> values = new AvroKafkaDeserializer<>();
                KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            keys.configure(serdes(registry, true), true);
            values.configure(serdes(registry, false), false);
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : avroKeys.keySet()) {
                consumer.partitionsFor(topic).forEach(one -> partitions.add(new TopicPartition(topic, one.partition())));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (left > 0) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(left + " messages did not come");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    Object key = avroKeys.get(record.topic()) ? keys.deserialize(record.topic(), record.key())
                            : new String(record.key(), StandardCharsets.UTF_8);
                    print(record, key, values.deserialize(record.topic(), record.value()));
                    left--;
                }
            }
        }
    }

    private static void print(ConsumerRecord<byte[], byte[]> record, Object key, GenericRecord value) {
        ObjectNode line = JSON.createObjectNode();
        line.put("topic", record.topic()).put("partition", record.partition()).put("offset", record.offset());
        line.set("key", plain(key));
        line.set("value", plain(value));
        OUT.println(line);
    }

    /** What was decoded, as plain JSON. */
    private static JsonNode plain(Object value) {
        if (value instanceof GenericRecord) {
            GenericRecord record = (GenericRecord) value;
            ObjectNode node = JSON.createObjectNode();
            record.getSchema().getFields().forEach(field -> node.set(field.name(), plain(record.get(field.name()))));
            return node;
        }
        if (value instanceof Map) {
            ObjectNode node = JSON.createObjectNode();
            ((Map<?, ?>) value).forEach((key, inner) -> node.set(key.toString(), plain(inner)));
            return node;
        }
        if (value instanceof List) {
            ArrayNode node = JSON.createArrayNode();
            ((List<?>) value).forEach(inner -> node.add(plain(inner)));
            return node;
        }
        boolean isText = value instanceof CharSequence || value instanceof GenericData.EnumSymbol;
        return JSON.valueToTree(isText ? value.toString() : value);
    }

    private static void decode(Path path, Path folder) throws IOException {
        Map<String, GenericDatumReader<Object>> readers = new HashMap<>();
        for (JsonNode golden : lines(path)) {
            ObjectNode line = JSON.createObjectNode();
            line.set("key", plain(read(readers, folder, golden.path("key_schema").asText(""), golden.get("key").asText())));
            line.set("value", plain(read(readers, folder, golden.get("schema").asText(), golden.get("value").asText())));
            OUT.println(line);
        }
    }

    private static Object read(Map<String, GenericDatumReader<Object>> readers, Path folder, String name, String hex)
            throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        if (name.isEmpty()) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        if (ByteBuffer.wrap(bytes).get() != 0) {
            throw new IllegalArgumentException("not framed as Confluent's serializers do");
        }
        GenericDatumReader<Object> reader = readers.computeIfAbsent(name, word -> {
            try {
                return new GenericDatumReader<>(new Schema.Parser().parse(Files.readString(folder.resolve(word + ".avsc"))));
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        });
        BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, FRAME_SIZE, bytes.length - FRAME_SIZE, null);
        Object value = reader.read(null, decoder);
        if (!decoder.isEnd()) {
            throw new IllegalArgumentException("bytes are left over");
        }
        return value;
    }
}
