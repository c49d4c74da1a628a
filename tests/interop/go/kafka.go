package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	patience  = 60 * time.Second
	frameSize = 5
)

// registry keeps what it was told: ids by subject and schema, schemas by id.
type registry struct {
	url   string
	ids   map[string]uint32
	known map[uint32]*schema
}

func newRegistry(url string) *registry {
	return &registry{url: url, ids: map[string]uint32{}, known: map[uint32]*schema{}}
}

func (self *registry) ask(method, path string, body []byte, answer any) error {
	request, err := http.NewRequest(method, self.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func (self *registry) register(subject, text string) (uint32, error) {
	key := subject + "\n" + text
	if id, is := self.ids[key]; is {
		return id, nil
	}
	body, err := json.Marshal(map[string]string{"schema": text})
	if err != nil {
		return 0, err
	}
	var answer struct{ ID uint32 }
	err = self.ask("POST", "/subjects/"+subject+"/versions", body, &answer)
	self.ids[key] = answer.ID
	return answer.ID, err
}

func (self *registry) schema(id uint32) (*schema, error) {
	if self.known[id] == nil {
		var answer struct{ Schema string }
		if err := self.ask("GET", "/schemas/ids/"+strconv.Itoa(int(id)), nil, &answer); err != nil {
			return nil, err
		}
		found, err := newSchema(answer.Schema)
		if err != nil {
			return nil, err
		}
		self.known[id] = found
	}
	return self.known[id], nil
}

// Confluent's framing: 0, then the schema's id.
func frame(id uint32, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), body...)
}

func unframe(message []byte) (uint32, []byte, error) {
	if len(message) < frameSize || message[0] != 0 {
		return 0, nil, fmt.Errorf("not framed as Confluent's serializers do")
	}
	return binary.BigEndian.Uint32(message[1:frameSize]), message[frameSize:], nil
}

// producer makes messages of the lines of a file.
type producer struct {
	schemas  *registry
	language string
	texts    map[string]string
	records  []*kgo.Record
}

func (self *producer) take(line []byte) error {
	var one struct {
		Topic, Schema string
		Event         map[string]any
	}
	if err := json.Unmarshal(line, &one); err != nil {
		return err
	}
	if self.texts[one.Schema] == "" {
		text, err := os.ReadFile(one.Schema)
		if err != nil {
			return err
		}
		self.texts[one.Schema] = string(text)
	}
	id, err := self.schemas.register(one.Topic+"-value", self.texts[one.Schema])
	if err != nil {
		return err
	}
	writer, err := self.schemas.schema(id)
	if err != nil {
		return err
	}
	one.Event["agency"] = fmt.Sprintf("%s-%s", self.language, one.Event["agency"])
	body, err := writer.encode(one.Event)
	if err != nil {
		return err
	}
	self.records = append(self.records, &kgo.Record{Topic: one.Topic, Value: frame(id, body)})
	return nil
}

func produce(brokers, registryURL, language, path string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	self := producer{newRegistry(registryURL), language, map[string]string{}, nil}
	if err := eachLine(path, self.take); err != nil {
		return err
	}
	until, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return client.ProduceSync(until, self.records...).FirstErr()
}

// consumer prints messages; which topics' keys are Avro it was told.
type consumer struct {
	schemas  *registry
	avroKeys map[string]bool
	out      *json.Encoder
}

func (self *consumer) read(message []byte) (any, error) {
	id, body, err := unframe(message)
	if err != nil {
		return nil, err
	}
	writer, err := self.schemas.schema(id)
	if err != nil {
		return nil, err
	}
	return writer.decode(body)
}

func (self *consumer) print(record *kgo.Record) error {
	var key any = string(record.Key)
	var err error
	if self.avroKeys[record.Topic] {
		if key, err = self.read(record.Key); err != nil {
			return err
		}
	}
	value, err := self.read(record.Value)
	if err != nil {
		return err
	}
	return self.out.Encode(map[string]any{"topic": record.Topic, "partition": record.Partition,
		"offset": record.Offset, "key": key, "value": value})
}

func consume(brokers, registryURL string, words []string) error {
	out, flush := printer()
	self := consumer{newRegistry(registryURL), map[string]bool{}, out}
	var topics []string
	left := 0
	for _, word := range words {
		parts := strings.Split(word, "=")
		if len(parts) != 3 {
			return fmt.Errorf("%s is not TOPIC=KEY=COUNT", word)
		}
		count, err := strconv.Atoi(parts[2])
		if err != nil {
			return err
		}
		left += count
		self.avroKeys[parts[0]] = parts[1] == "avro"
		topics = append(topics, parts[0])
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	until, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for left > 0 {
		fetches := client.PollFetches(until)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("%d messages did not come: %w", left, err)
		}
		for _, record := range fetches.Records() {
			if err := self.print(record); err != nil {
				return fmt.Errorf("%s %d %d: %w", record.Topic, record.Partition, record.Offset, err)
			}
			left--
		}
	}
	return flush()
}
