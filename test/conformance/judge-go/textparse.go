package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/prometheus/common/model"
	ex "github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

func textparseUTF8(contentType string, body []byte) (reading, error) {
	return readTextparse(contentType, body, model.UTF8Validation)
}

func textparseLegacy(contentType string, body []byte) (reading, error) {
	return readTextparse(contentType, body, model.LegacyValidation)
}

// readTextparse reads as the scrape loop of Prometheus does: what makes a scrape fail is an error here.
func readTextparse(contentType string, body []byte, scheme model.ValidationScheme) (reading, error) {
	p, err := textparse.New(body, contentType, nil, textparse.ParserOptions{
		EnableOpenMetrics2:                      true,
		KeepClassicOnClassicAndNativeHistograms: true,
	})
	if err != nil {
		return reading{}, err
	}
	// In OpenMetrics 1 the parser looks for a start in the lines of `_created`, and takes them away.
	asksForStart := strings.Contains(contentType, "version=2.0.0") || strings.Contains(contentType, "protobuf")
	found := reading{Samples: []sample{}}
	families := familyList{}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			found.Families = families
			return found, nil
		}
		if err != nil {
			return reading{}, err
		}
		if entry == textparse.EntrySeries || entry == textparse.EntryHistogram {
			s, err := readSeries(p, entry, scheme, asksForStart)
			if err != nil {
				return reading{}, err
			}
			found.Samples = append(found.Samples, s)
		} else if err := families.add(p, entry); err != nil {
			return reading{}, err
		}
	}
}

func readSeries(p textparse.Parser, entry textparse.Entry, scheme model.ValidationScheme, asksForStart bool) (sample, error) {
	var set labels.Labels
	p.Labels(&set)
	if !set.Has(labels.MetricName) || !set.IsValid(scheme) {
		return sample{}, fmt.Errorf("invalid metric name or label names: %s", set)
	}
	if name, twice := set.HasDuplicateLabelNames(); twice {
		return sample{}, fmt.Errorf("label name %q is not unique: %s", name, set)
	}
	s := sample{Labels: pairs(set)}
	if asksForStart {
		s.Start = p.StartTimestamp()
	}
	var at *int64
	if entry == textparse.EntryHistogram {
		_, timestamp, integer, float := p.Histogram()
		at = timestamp
		// The database checks it too.
		if integer != nil {
			if err := integer.Validate(); err != nil {
				return sample{}, err
			}
			float = integer.ToFloat(nil)
		}
		if err := float.Validate(); err != nil {
			return sample{}, err
		}
		s.Histogram = nativeOf(float, integer != nil)
		s.Value = bits(float.Count) + "+" + bits(float.Sum)
	} else {
		_, timestamp, value := p.Series()
		at, s.Value = timestamp, bits(value)
	}
	if at != nil {
		// A parser may use the memory of the timestamp again.
		ms := *at
		s.Timestamp = &ms
	}
	var e ex.Exemplar
	for p.Exemplar(&e) {
		read := exemplar{Labels: pairs(e.Labels), Value: bits(e.Value)}
		if e.HasTs {
			at := e.Ts
			read.Timestamp = &at
		}
		s.Exemplars = append(s.Exemplars, read)
		e = ex.Exemplar{}
	}
	return s, nil
}

func pairs(set labels.Labels) [][2]string {
	found := [][2]string{}
	set.Range(func(l labels.Label) { found = append(found, [2]string{l.Name, l.Value}) })
	return found
}

func nativeOf(h *histogram.FloatHistogram, isInteger bool) *native {
	return &native{
		IsInteger:       isInteger,
		Count:           bits(h.Count),
		Sum:             bits(h.Sum),
		Schema:          h.Schema,
		ZeroThreshold:   bits(h.ZeroThreshold),
		ZeroCount:       bits(h.ZeroCount),
		PositiveSpans:   spansOf(h.PositiveSpans),
		PositiveBuckets: allBits(h.PositiveBuckets),
		NegativeSpans:   spansOf(h.NegativeSpans),
		NegativeBuckets: allBits(h.NegativeBuckets),
	}
}

func spansOf(spans []histogram.Span) [][2]int64 {
	found := [][2]int64{}
	for _, span := range spans {
		found = append(found, [2]int64{int64(span.Offset), int64(span.Length)})
	}
	return found
}

func allBits(values []float64) []string {
	found := []string{}
	for _, value := range values {
		found = append(found, bits(value))
	}
	return found
}

// familyList has one entry for each run of metadata lines of one name, so that a family that is
// declared twice, or whose TYPE is repeated, shows as two.
type familyList []*family

func (list *familyList) add(p textparse.Parser, entry textparse.Entry) error {
	switch entry {
	case textparse.EntryType:
		name, kind := p.Type()
		list.put(name, string(kind), func(f *family) **string { return &f.Type })
	case textparse.EntryHelp:
		name, text := p.Help()
		list.put(name, string(text), func(f *family) **string { return &f.Help })
	case textparse.EntryUnit:
		name, unit := p.Unit()
		list.put(name, string(unit), func(f *family) **string { return &f.Unit })
	case textparse.EntryComment:
	default:
		return fmt.Errorf("unexpected entry %d", entry)
	}
	return nil
}

func (list *familyList) put(name []byte, text string, field func(*family) **string) {
	if n := len(*list); n > 0 && (*list)[n-1].Name == string(name) {
		if at := field((*list)[n-1]); *at == nil {
			*at = &text
			return
		}
	}
	f := &family{Name: string(name)}
	*field(f) = &text
	*list = append(*list, f)
}
