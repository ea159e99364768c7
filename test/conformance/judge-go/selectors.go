package main

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// question asks what a selector means.
type question struct {
	// Selector is what a client sends as match[].
	Selector string `json:"selector"`
	// Series are label sets, the metric name among them as __name__.
	Series []map[string]string `json:"series"`
}

// verdict says what Prometheus makes of a selector.
type verdict struct {
	// Refusal says why the selector cannot be read; it is empty for one that can.
	Refusal string `json:"refusal,omitempty"`
	// Selected tells of each series whether the selector selects it.
	Selected []bool `json:"selected"`
}

var selectorParser = parser.NewParser(parser.Options{})

// answer reads a selector as /federate does, and matches series with it as the TSDB does.
func answer(q question) verdict {
	matchers, err := selectorParser.ParseMetricSelector(q.Selector)
	if err != nil {
		return verdict{Refusal: err.Error(), Selected: []bool{}}
	}
	selected := make([]bool, len(q.Series))
	for i, series := range q.Series {
		selected[i] = isSelected(matchers, labels.FromMap(series))
	}
	return verdict{Selected: selected}
}

func isSelected(matchers []*labels.Matcher, series labels.Labels) bool {
	for _, m := range matchers {
		if !m.Matches(series.Get(m.Name)) {
			return false
		}
	}
	return true
}
