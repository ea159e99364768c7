package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/common/model"
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
	p, err := textparse.New(body, contentType, nil, textparse.ParserOptions{})
	if err != nil {
		return reading{}, err
	}
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
		if entry == textparse.EntrySeries {
			s, err := readSeries(p, scheme)
			if err != nil {
				return reading{}, err
			}
			found.Samples = append(found.Samples, s)
		} else if err := families.add(p, entry); err != nil {
			return reading{}, err
		}
	}
}

func readSeries(p textparse.Parser, scheme model.ValidationScheme) (sample, error) {
	var set labels.Labels
	p.Labels(&set)
	if !set.Has(labels.MetricName) || !set.IsValid(scheme) {
		return sample{}, fmt.Errorf("invalid metric name or label names: %s", set)
	}
	if name, twice := set.HasDuplicateLabelNames(); twice {
		return sample{}, fmt.Errorf("label name %q is not unique: %s", name, set)
	}
	_, timestamp, value := p.Series()
	s := sample{Labels: [][2]string{}, Value: bits(value), Timestamp: timestamp}
	set.Range(func(l labels.Label) { s.Labels = append(s.Labels, [2]string{l.Name, l.Value}) })
	return s, nil
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
