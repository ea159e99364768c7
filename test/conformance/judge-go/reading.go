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
	// Start is when the series began, in milliseconds; 0 if that is not said.
	Start     int64      `json:"start,omitempty"`
	Exemplars []exemplar `json:"exemplars,omitempty"`
	// Histogram is the value of a native histogram; Value is its count, + and its sum then.
	Histogram *native `json:"histogram,omitempty"`
}

// exemplar is one exemplar of a sample.
type exemplar struct {
	Labels    [][2]string `json:"labels"`
	Value     string      `json:"value"`
	Timestamp *int64      `json:"timestamp,omitempty"`
}

// native is a native histogram with absolute counts, as doubles.
type native struct {
	IsInteger       bool       `json:"isInteger"`
	Count           string     `json:"count"`
	Sum             string     `json:"sum"`
	Schema          int32      `json:"schema"`
	ZeroThreshold   string     `json:"zeroThreshold"`
	ZeroCount       string     `json:"zeroCount"`
	PositiveSpans   [][2]int64 `json:"positiveSpans"`
	PositiveBuckets []string   `json:"positiveBuckets"`
	NegativeSpans   [][2]int64 `json:"negativeSpans"`
	NegativeBuckets []string   `json:"negativeBuckets"`
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
