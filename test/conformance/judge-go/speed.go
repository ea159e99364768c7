package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// printSpeed says how fast the page on standard input is parsed in the best round, in MB for a second
// of CPU. The labels of each series are made, as a scrape makes them.
func printSpeed(contentType, rounds string) error {
	count, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	best := math.Inf(1)
	for range count {
		before := cpuSeconds()
		if err := parseOnce(contentType, body); err != nil {
			return err
		}
		best = min(best, cpuSeconds()-before)
	}
	fmt.Println(float64(len(body)) / best / 1e6)
	return nil
}

func parseOnce(contentType string, body []byte) error {
	p, err := textparse.New(body, contentType, nil, textparse.ParserOptions{EnableOpenMetrics2: true})
	if err != nil {
		return err
	}
	var set labels.Labels
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry == textparse.EntrySeries {
			p.Series()
			p.Labels(&set)
		}
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
