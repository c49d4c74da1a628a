// The Go peer: writes interactions and reads what is published, with goavro and franz-go.
//
//	peer produce BROKERS REGISTRY LANGUAGE FILE    lines {topic, schema (a file), event}; agencies get LANGUAGE- in front
//	peer consume BROKERS REGISTRY TOPIC=KEY=COUNT… KEY: avro or text; prints lines {topic, partition, offset, key, value}
//	peer decode FILE FOLDER                        lines {schema, key_schema, key, value} in hex; schemas of the folder
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

const lineMax = 1 << 20

func main() {
	var err error
	switch words := os.Args[1:]; {
	case len(words) == 5 && words[0] == "produce":
		err = produce(words[1], words[2], words[3], words[4])
	case len(words) > 3 && words[0] == "consume":
		err = consume(words[1], words[2], words[3:])
	case len(words) == 3 && words[0] == "decode":
		err = decodeFile(words[1], words[2])
	default:
		err = fmt.Errorf("usage: peer produce|consume|decode …, see main.go")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go peer:", err)
		os.Exit(1)
	}
}

// eachLine gives every line of a file to `take`.
func eachLine(path string, take func(line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, lineMax)
	for number := 1; lines.Scan(); number++ {
		if err := take(lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	return lines.Err()
}

// printer writes one JSON object a line.
func printer() (*json.Encoder, func() error) {
	out := bufio.NewWriter(os.Stdout)
	return json.NewEncoder(out), out.Flush
}
