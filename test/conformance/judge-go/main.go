// Command judge reads expositions and selectors with the parsers of Prometheus and says what it read.
//
// It takes one job as a JSON line on standard input and answers one reading, or one verdict on a
// selector, as a JSON line on standard output, until the input ends.
//
// As `judge speed CONTENT-TYPE ROUNDS` it reads one exposition from standard input instead, and prints
// how many MB of it are parsed in a second of CPU.
//
// As `judge push URL…` it pushes to Pushgateways with the official client.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// job is one exposition, and who is to read it.
type job struct {
	// Reader is a key of readers.
	Reader string `json:"reader"`
	// ContentType is the header's value; the parser is chosen by it, as Prometheus does.
	ContentType string `json:"contentType"`
	// Body is the exposition; JSON carries it as base64.
	Body []byte `json:"bodyBase64"`
	// Question is about a selector; there is no exposition then.
	Question *question `json:"question"`
}

var readers = map[string]func(contentType string, body []byte) (reading, error){
	"textparse-utf8":   textparseUTF8,
	"textparse-legacy": textparseLegacy,
	"expfmt":           readExpfmt,
}

func judge(line []byte) any {
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return refusal("unreadable job: " + err.Error())
	}
	if j.Question != nil {
		return answer(*j.Question)
	}
	read, ok := readers[j.Reader]
	if !ok {
		return refusal(fmt.Sprintf("no reader %q", j.Reader))
	}
	r, err := read(j.ContentType, j.Body)
	if err != nil {
		return refusal(err.Error())
	}
	return r
}

func run() error {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 {
			return nil
		}
		if encodeErr := out.Encode(judge(line)); encodeErr != nil {
			return encodeErr
		}
		if err != nil {
			return nil
		}
	}
}

func main() {
	begin := run
	if len(os.Args) == 4 && os.Args[1] == "speed" {
		begin = func() error { return printSpeed(os.Args[2], os.Args[3]) }
	}
	if len(os.Args) > 2 && os.Args[1] == "push" {
		begin = func() error { return pushTo(os.Args[2:]) }
	}
	if err := begin(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
