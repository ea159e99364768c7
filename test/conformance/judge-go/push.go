package main

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

// pushTo pushes to gateways what the official client can push.
func pushTo(urls []string) error {
	for _, url := range urls {
		if err := pushGroups(url); err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
	}
	return nil
}

// pushGroups replaces, adds to and deletes groups, with names and values of every kind.
func pushGroups(url string) error {
	runs := prometheus.NewCounter(prometheus.CounterOpts{Name: "go_client_runs_total", Help: "Runs."})
	runs.Add(3)
	size := prometheus.NewGaugeVec(
		prometheus.GaugeOpts{Name: "go_client_size_bytes", Help: "Size \\ of\nparts."},
		[]string{"part"},
	)
	size.WithLabelValues("a\"b\\c\nü").Set(1e21)
	size.WithLabelValues("").Set(-0.25)
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "go_client_wait_seconds", Help: "Waits.", Buckets: []float64{0.1, 1},
	})
	took := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "go_client_took_seconds", Help: "Took.", Objectives: map[float64]float64{0.5: 0.05},
	})
	for _, seconds := range []float64{0.05, 0.5, 5} {
		wait.Observe(seconds)
		took.Observe(seconds)
	}
	group := func() *push.Pusher { return push.New(url, "go").Collector(runs) }
	gone := group().Grouping("instance", "gone")
	steps := []func() error{
		group().Collector(size).Collector(wait).Collector(took).Push,
		func() error { runs.Inc(); return nil },
		group().Add,
		group().Grouping("path", "/var/tmp").Grouping("empty", "").Grouping("space", "a b").Push,
		gone.Push,
		gone.Delete,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
