package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// readExpfmt reads with the decoder that Go programs use, strict by the grammar of OpenMetrics 1.0.
// The decoder for text keeps families in a map, so their order says nothing.
func readExpfmt(contentType string, body []byte) (reading, error) {
	// It knows no text 1.0.0, whose grammar is that of 0.0.4 plus quoted names.
	known := strings.Replace(contentType, "text/plain; version=1.0.0", "text/plain; version=0.0.4", 1)
	format := expfmt.ResponseFormat(http.Header{"Content-Type": []string{known}})
	if format.FormatType() == expfmt.TypeUnknown {
		return reading{}, fmt.Errorf("expfmt knows no Content-Type %q", contentType)
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format)
	found := reading{Samples: []sample{}, Families: []*family{}}
	for {
		var mf dto.MetricFamily
		err := decoder.Decode(&mf)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return reading{}, err
		}
		kind := typeName(mf.GetType())
		found.Families = append(found.Families, &family{Name: mf.GetName(), Type: &kind, Help: mf.Help, Unit: mf.Unit})
		for _, metric := range mf.GetMetric() {
			found.Samples = append(found.Samples, flatSamples(&mf, metric)...)
		}
	}
}

// typeName is the word of OpenMetrics, which calls unknown what the older format calls untyped.
func typeName(kind dto.MetricType) string {
	if kind == dto.MetricType_UNTYPED {
		return "unknown"
	}
	return strings.ToLower(kind.String())
}

// flatSamples are the series of a metric, as Prometheus names them.
func flatSamples(mf *dto.MetricFamily, metric *dto.Metric) []sample {
	found := []sample{}
	add := func(suffix string, value float64, more ...[2]string) {
		s := sample{Labels: [][2]string{{"__name__", mf.GetName() + suffix}}, Value: bits(value), Timestamp: metric.TimestampMs}
		for _, label := range metric.GetLabel() {
			s.Labels = append(s.Labels, [2]string{label.GetName(), label.GetValue()})
		}
		s.Labels = append(s.Labels, more...)
		found = append(found, s)
	}
	switch mf.GetType() {
	case dto.MetricType_COUNTER:
		add("", metric.GetCounter().GetValue())
	case dto.MetricType_GAUGE:
		add("", metric.GetGauge().GetValue())
	case dto.MetricType_UNTYPED:
		add("", metric.GetUntyped().GetValue())
	case dto.MetricType_SUMMARY:
		summary := metric.GetSummary()
		for _, q := range summary.GetQuantile() {
			add("", q.GetValue(), [2]string{"quantile", openMetricsFloat(q.GetQuantile())})
		}
		add("_sum", summary.GetSampleSum())
		add("_count", float64(summary.GetSampleCount()))
	default:
		h := metric.GetHistogram()
		for _, b := range h.GetBucket() {
			count := float64(b.GetCumulativeCount())
			if b.GetCumulativeCountFloat() > 0 {
				count = b.GetCumulativeCountFloat()
			}
			add("_bucket", count, [2]string{"le", openMetricsFloat(b.GetUpperBound())})
		}
		count := float64(h.GetSampleCount())
		if h.GetSampleCountFloat() > 0 {
			count = h.GetSampleCountFloat()
		}
		add("_sum", h.GetSampleSum())
		add("_count", count)
	}
	return found
}

// openMetricsFloat is the canonical text of le and quantile.
func openMetricsFloat(value float64) string {
	if math.IsInf(value, 1) {
		return "+Inf"
	}
	text := strconv.FormatFloat(value, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
