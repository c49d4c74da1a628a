package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/linkedin/goavro/v2"
)

const fullName = "full name" // noted in a named type's JSON; Avro ignores what it does not know

// schema is one in both forms: the codec's, and JSON to walk along.
type schema struct {
	codec *goavro.Codec
	root  any
	named map[string]map[string]any
}

func newSchema(text string) (*schema, error) {
	self := &schema{named: map[string]map[string]any{}}
	if err := json.Unmarshal([]byte(text), &self.root); err != nil {
		return nil, err
	}
	self.root = self.plain(self.root, "")
	bare, err := json.Marshal(self.root)
	if err != nil {
		return nil, err
	}
	self.codec, err = goavro.NewCodec(string(bare))
	return self, err
}

// plain drops logical types, so that times stay numbers, and notes the named types.
func (self *schema) plain(one any, space string) any {
	if branches, is := one.([]any); is {
		for i := range branches {
			branches[i] = self.plain(branches[i], space)
		}
	}
	body, is := one.(map[string]any)
	if !is {
		return one
	}
	if body["logicalType"] != nil {
		return body["type"]
	}
	if given, is := body["namespace"].(string); is {
		space = given
	}
	if name, is := body["name"].(string); is {
		full := name
		if space != "" {
			full = space + "." + name
		}
		body[fullName] = full
		self.named[name], self.named[full] = body, body
	}
	for _, inside := range []string{"items", "values"} {
		if body[inside] != nil {
			body[inside] = self.plain(body[inside], space)
		}
	}
	for _, field := range fieldsOf(body) {
		field["type"] = self.plain(field["type"], space)
	}
	return body
}

func fieldsOf(body map[string]any) []map[string]any {
	list, _ := body["fields"].([]any)
	fields := make([]map[string]any, len(list))
	for i := range list {
		fields[i] = list[i].(map[string]any)
	}
	return fields
}

// kind says what a type is: its word, the name that it has in a union, and its JSON.
func (self *schema) kind(one any) (word, name string, body map[string]any) {
	if _, is := one.([]any); is {
		return "union", "", nil
	}
	if text, is := one.(string); is {
		if body = self.named[text]; body == nil {
			return text, text, nil
		}
	} else {
		body = one.(map[string]any)
	}
	word = body["type"].(string)
	name = word
	if full, is := body[fullName].(string); is {
		name = full
	}
	return word, name, body
}

// native makes of plain JSON what goavro encodes: numbers of the schema's types, unions wrapped.
func (self *schema) native(one, value any) (any, error) {
	word, _, body := self.kind(one)
	switch word {
	case "union":
		return self.nativeUnion(one.([]any), value)
	case "int", "long":
		number, is := value.(float64)
		if !is {
			return nil, fmt.Errorf("%v is no number", value)
		}
		return int64(number), nil
	case "record":
		return self.nativeRecord(body, value)
	}
	return value, nil
}

func (self *schema) nativeUnion(branches []any, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	for _, branch := range branches {
		if word, name, _ := self.kind(branch); word != "null" { // ours are of null and one type
			inner, err := self.native(branch, value)
			return map[string]any{name: inner}, err
		}
	}
	return nil, fmt.Errorf("no branch for %v", value)
}

func (self *schema) nativeRecord(body map[string]any, value any) (any, error) {
	given, is := value.(map[string]any)
	if !is {
		return nil, fmt.Errorf("%v is no record", value)
	}
	record := map[string]any{}
	for _, field := range fieldsOf(body) {
		name := field["name"].(string)
		said, is := given[name]
		if !is {
			said = field["default"]
		}
		inner, err := self.native(field["type"], said)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		record[name] = inner
	}
	return record, nil
}

// bare is the way back: what goavro decoded, without the wraps of unions.
func (self *schema) bare(one, value any) any {
	word, _, body := self.kind(one)
	switch word {
	case "union":
		wrapped, _ := value.(map[string]any)
		for _, branch := range one.([]any) {
			_, name, _ := self.kind(branch)
			if inner, is := wrapped[name]; is {
				return self.bare(branch, inner)
			}
		}
		return nil
	case "record":
		record := value.(map[string]any)
		for _, field := range fieldsOf(body) {
			name := field["name"].(string)
			record[name] = self.bare(field["type"], record[name])
		}
	case "map":
		for key, inner := range value.(map[string]any) {
			value.(map[string]any)[key] = self.bare(body["values"], inner)
		}
	case "array":
		for i, inner := range value.([]any) {
			value.([]any)[i] = self.bare(body["items"], inner)
		}
	}
	return value
}

func (self *schema) encode(event map[string]any) ([]byte, error) {
	native, err := self.native(self.root, event)
	if err != nil {
		return nil, err
	}
	return self.codec.BinaryFromNative(nil, native)
}

func (self *schema) decode(bytes []byte) (any, error) {
	native, left, err := self.codec.NativeFromBinary(bytes)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d bytes are left over", len(left))
	}
	if err != nil {
		return nil, err
	}
	return self.bare(self.root, native), nil
}

// folder has schemas by name.
type folder struct {
	path  string
	known map[string]*schema
}

// read decodes framed bytes in hex by the schema of that name; no name: they are text.
func (self *folder) read(name, text string) (any, error) {
	bytes, err := hex.DecodeString(text)
	if err != nil || name == "" {
		return string(bytes), err
	}
	if self.known[name] == nil {
		file, err := os.ReadFile(filepath.Join(self.path, name+".avsc"))
		if err != nil {
			return nil, err
		}
		if self.known[name], err = newSchema(string(file)); err != nil {
			return nil, err
		}
	}
	_, body, err := unframe(bytes)
	if err != nil {
		return nil, err
	}
	return self.known[name].decode(body)
}

func decodeFile(path, schemas string) error {
	out, flush := printer()
	from := folder{schemas, map[string]*schema{}}
	err := eachLine(path, func(line []byte) error {
		var golden struct {
			Schema    string `json:"schema"`
			KeySchema string `json:"key_schema"`
			Key       string `json:"key"`
			Value     string `json:"value"`
		}
		if err := json.Unmarshal(line, &golden); err != nil {
			return err
		}
		key, err := from.read(golden.KeySchema, golden.Key)
		if err != nil {
			return err
		}
		value, err := from.read(golden.Schema, golden.Value)
		if err != nil {
			return err
		}
		return out.Encode(map[string]any{"key": key, "value": value})
	})
	if err != nil {
		return err
	}
	return flush()
}
