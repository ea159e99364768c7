package main

import (
	"fmt"
	"math"
)

// reading is what a parser found, or why it refused the whole exposition.
type reading struct {
	Samples  []sample  `json:"samples"`
	Families []*family `json:"families"`
	Error    string    `json:"error,omitempty"`
}

func refusal(message string) reading {
	return reading{Samples: []sample{}, Families: []*family{}, Error: message}
}

// sample is one line. Labels are pairs, name first, so that a repeated label stays visible; the metric
// name is the label __name__.
type sample struct {
	Labels    [][2]string `json:"labels"`
	Value     string      `json:"value"`
	Timestamp *int64      `json:"timestamp,omitempty"`
}

// family is what TYPE, HELP and UNIT say; a field is nil when its line is missing.
type family struct {
	Name string  `json:"name"`
	Type *string `json:"type,omitempty"`
	Help *string `json:"help,omitempty"`
	Unit *string `json:"unit,omitempty"`
}

// bits writes a double so that nothing of it is lost on the way; every NaN is the same.
func bits(value float64) string {
	if math.IsNaN(value) {
		return "NaN"
	}
	return fmt.Sprintf("%016x", math.Float64bits(value))
}
