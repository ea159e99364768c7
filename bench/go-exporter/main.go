// Command exporter is what the benchmark measures snapscrape beside in Go: a collector that emits one
// const gauge for each point on every scrape, behind promhttp with OpenMetrics on. It obeys the same
// commands as the other subjects, one JSON object a line on its standard input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type setup struct {
	PointsFile string `json:"pointsFile"`
	// Kind and Size say what the ordinary exporter serves; without them points come from the file.
	Kind string `json:"kind"`
	Size int    `json:"size"`
}

type command struct {
	Command string `json:"command"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	var s setup
	if !input.Scan() || json.Unmarshal(input.Bytes(), &s) != nil {
		log.Fatal("the first line must be the setup")
	}
	points := &pointsCollector{}
	registry := prometheus.NewRegistry()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	reply(map[string]any{"port": listener.Addr().(*net.TCPAddr).Port, "version": versions()})
	m := &meter{}
	var own ownData
	if s.Kind != "" {
		own = newOwnData(s.Kind, s.Size)
		registry.MustRegister(own)
	}
	for input.Scan() {
		var c command
		if err := json.Unmarshal(input.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		switch c.Command {
		case "build":
			m.begin()
			if err := points.read(s.PointsFile); err != nil {
				log.Fatal(err)
			}
			registry.MustRegister(points)
			reply(m.end())
		case "begin":
			m.begin()
			reply(struct{}{})
		case "end":
			reply(m.end())
		case "cycle":
			own.change()
			reply(struct{}{})
		case "ordinary-end":
			reply(map[string]any{"cpu": m.end().CPU, "rss": residentBytes(), "sum": own.sum()})
		case "memory":
			reply(readMemory())
		default:
			log.Fatalf("no such command: %s", c.Command)
		}
	}
}

func reply(answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}

func versions() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/prometheus/client_golang" {
				return fmt.Sprintf("%s, %s", dep.Version, runtime.Version())
			}
		}
	}
	return runtime.Version()
}
