package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
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
			s, err := flatSample(&mf, metric)
			if err != nil {
				return reading{}, err
			}
			found.Samples = append(found.Samples, s)
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

func flatSample(mf *dto.MetricFamily, metric *dto.Metric) (sample, error) {
	s := sample{Labels: [][2]string{{"__name__", mf.GetName()}}, Timestamp: metric.TimestampMs}
	for _, label := range metric.GetLabel() {
		s.Labels = append(s.Labels, [2]string{label.GetName(), label.GetValue()})
	}
	switch mf.GetType() {
	case dto.MetricType_COUNTER:
		s.Value = bits(metric.GetCounter().GetValue())
	case dto.MetricType_GAUGE:
		s.Value = bits(metric.GetGauge().GetValue())
	case dto.MetricType_UNTYPED:
		s.Value = bits(metric.GetUntyped().GetValue())
	default:
		return sample{}, fmt.Errorf("family %q is not flat: %s", mf.GetName(), mf.GetType())
	}
	return s, nil
}
