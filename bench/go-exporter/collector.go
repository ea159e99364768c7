package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

type point struct {
	desc   *prometheus.Desc
	labels [3]string
	value  float64
}

// pointsCollector emits a gauge for each point. The descriptions are made once for each family, not for
// each point, which is the faster of the two ways that such collectors are written.
type pointsCollector struct {
	descs  map[string]*prometheus.Desc
	points []point
}

// read takes the points from a file of tab-separated text: name, org, repo, user, value.
func (c *pointsCollector) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	c.descs = map[string]*prometheus.Desc{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 5 {
			return fmt.Errorf("%s: not five fields: %q", path, lines.Text())
		}
		value, err := strconv.ParseFloat(fields[4], 64)
		if err != nil {
			return err
		}
		labels := [3]string{fields[1], fields[2], fields[3]}
		c.points = append(c.points, point{c.desc(fields[0]), labels, value})
	}
	return lines.Err()
}

func (c *pointsCollector) desc(name string) *prometheus.Desc {
	desc, ok := c.descs[name]
	if !ok {
		desc = prometheus.NewDesc(name, "Activity.", []string{"org", "repo", "user"}, nil)
		c.descs[name] = desc
	}
	return desc
}

// Describe implements prometheus.Collector.
func (c *pointsCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *pointsCollector) Collect(metrics chan<- prometheus.Metric) {
	for i := range c.points {
		p := &c.points[i]
		metrics <- prometheus.MustNewConstMetric(p.desc, prometheus.GaugeValue, p.value, p.labels[:]...)
	}
}
