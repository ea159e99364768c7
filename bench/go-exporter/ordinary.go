package main

import (
	"fmt"
	"math/rand"

	"github.com/prometheus/client_golang/prometheus"
)

// ownData is what a subject of the ordinary exporter changes by itself in each cycle.
type ownData interface {
	prometheus.Collector
	change()
	// sum is what the values of the page add up to.
	sum() float64
}

func newOwnData(kind string, size int) ownData {
	if kind == "histograms" {
		return newHistograms(size)
	}
	return newGauges(size)
}

// gauges are those of bench/ordinary/exporter-data.ts: eight families, all values new in each cycle.
type gauges struct{ pointsCollector }

var families = []string{
	"added", "changed", "closed", "merged", "opened", "removed", "reviewed", "seen",
}

func newGauges(size int) *gauges {
	g := &gauges{pointsCollector{descs: map[string]*prometheus.Desc{}}}
	perFamily := (size + len(families) - 1) / len(families)
	for i := 0; i < size; i++ {
		at := i % perFamily
		name := fmt.Sprintf("git_activity_%s_last_24h", families[i/perFamily])
		labels := [3]string{
			fmt.Sprintf("org-%d", at%5),
			fmt.Sprintf("repository-%04d", at/50),
			fmt.Sprintf("user-%02d", at/5%10),
		}
		g.points = append(g.points, point{g.desc(name), labels, gaugeValue()})
	}
	return g
}

func (g *gauges) change() {
	for i := range g.points {
		p := &g.points[i]
		for before := p.value; p.value == before; {
			p.value = gaugeValue()
		}
	}
}

func (g *gauges) sum() (sum float64) {
	for i := range g.points {
		sum += g.points[i].value
	}
	return sum
}

// gaugeValue is an integer for 7/8 of the values, has three decimals for 1/16, and is any double else.
func gaugeValue() float64 {
	switch rand.Intn(16) {
	case 0:
		return float64(rand.Intn(5_000_000)) / 1000
	case 1:
		return rand.Float64() * 5000
	default:
		return float64(rand.Intn(5000))
	}
}

// histograms are those of bench/ordinary/histogram-data.ts: each observes something in each cycle.
type histograms struct {
	*prometheus.HistogramVec
	observers []prometheus.Observer
	count     int
}

var bounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newHistograms(size int) *histograms {
	opts := prometheus.HistogramOpts{Name: "lag_seconds", Help: "How late.", Buckets: bounds}
	h := &histograms{HistogramVec: prometheus.NewHistogramVec(opts, []string{"path", "code"})}
	for i := 0; i < size; i++ {
		h.observers = append(h.observers, h.WithLabelValues(fmt.Sprintf("/api/v%d", i), "200"))
	}
	h.change()
	return h
}

func (h *histograms) change() {
	for _, observer := range h.observers {
		observer.Observe(float64(rand.Intn(12_000)) / 1000)
	}
	h.count++
}

// sum is that of the lines of counts.
func (h *histograms) sum() float64 { return float64(h.count * len(h.observers)) }
