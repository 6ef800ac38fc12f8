package clients

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// span is a span as these tests compare it: as the SDK has it, and as it is stored.
type span struct {
	parent, name, start, end string
	kind                     int
	attributes               plain
	code                     int
	message                  string
	events                   []event
	links                    []link
	resource                 plain
	scope, version           string
}

type event struct {
	name, time string
	attributes plain
}

type link struct {
	trace, span string
	attributes  plain
}

type plain map[string]any

// statuses has the numbers that OTLP gives to the SDK's.
var statuses = map[codes.Code]int{codes.Unset: 0, codes.Ok: 1, codes.Error: 2}

func sent(stub tracetest.SpanStub) span {
	made := span{
		name:       stub.Name,
		kind:       int(stub.SpanKind),
		start:      nanoseconds(stub.StartTime),
		end:        nanoseconds(stub.EndTime),
		attributes: ofSdk(stub.Attributes),
		code:       statuses[stub.Status.Code],
		message:    stub.Status.Description,
		resource:   ofSdk(stub.Resource.Attributes()),
		scope:      stub.InstrumentationScope.Name,
		version:    stub.InstrumentationScope.Version,
	}
	if stub.Parent.HasSpanID() {
		made.parent = stub.Parent.SpanID().String()
	}
	for _, of := range stub.Events {
		made.events = append(made.events, event{of.Name, nanoseconds(of.Time), ofSdk(of.Attributes)})
	}
	for _, of := range stub.Links {
		to := of.SpanContext
		made.links = append(made.links, link{to.TraceID().String(), to.SpanID().String(), ofSdk(of.Attributes)})
	}
	return made
}

func nanoseconds(of time.Time) string {
	return strconv.FormatInt(of.UnixNano(), 10)
}

func ofSdk(attributes []attribute.KeyValue) plain {
	values := plain{}
	for _, pair := range attributes {
		switch value := pair.Value.AsInterface().(type) {
		case []string:
			values[string(pair.Key)] = list(value)
		case []int64:
			values[string(pair.Key)] = list(value)
		default:
			values[string(pair.Key)] = value
		}
	}
	return values
}

func list[T any](of []T) []any {
	values := []any{}
	for _, value := range of {
		values = append(values, value)
	}
	return values
}

type anyValue struct {
	String *string  `json:"stringValue"`
	Bool   *bool    `json:"boolValue"`
	Int    *string  `json:"intValue"`
	Double *float64 `json:"doubleValue"`
	Array  *struct {
		Values []anyValue `json:"values"`
	} `json:"arrayValue"`
}

type withAttributes struct {
	Attributes []struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	} `json:"attributes"`
}

type document struct {
	Result struct {
		ResourceSpans []struct {
			Resource   withAttributes `json:"resource"`
			ScopeSpans []struct {
				Scope struct{ Name, Version string } `json:"scope"`
				Spans []storedSpan                   `json:"spans"`
			} `json:"scopeSpans"`
		} `json:"resourceSpans"`
	} `json:"result"`
}

type storedSpan struct {
	withAttributes
	SpanID            string
	ParentSpanID      string
	Name              string
	Kind              int
	StartTimeUnixNano string
	EndTimeUnixNano   string
	Status            struct {
		Code    int
		Message string
	}
	Events []struct {
		withAttributes
		Name         string
		TimeUnixNano string
	}
	Links []struct {
		withAttributes
		TraceID string
		SpanID  string
	}
}

// stored is what the store has of a trace so far, by span.
func stored(t *testing.T, id string) map[string]span {
	t.Helper()
	response, err := http.Get(kaos + "/jaeger/api/v3/traces/" + id)
	must(t, err)
	defer response.Body.Close()
	var found document
	must(t, json.NewDecoder(response.Body).Decode(&found))
	spans := map[string]span{}
	for _, of := range found.Result.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, each := range scope.Spans {
				made := ofStore(each)
				made.resource = values(of.Resource)
				made.scope, made.version = scope.Scope.Name, scope.Scope.Version
				spans[each.SpanID] = made
			}
		}
	}
	return spans
}

func ofStore(found storedSpan) span {
	made := span{
		parent:     found.ParentSpanID,
		name:       found.Name,
		kind:       found.Kind,
		start:      found.StartTimeUnixNano,
		end:        found.EndTimeUnixNano,
		attributes: values(found.withAttributes),
		code:       found.Status.Code,
		message:    found.Status.Message,
	}
	for _, of := range found.Events {
		made.events = append(made.events, event{of.Name, of.TimeUnixNano, values(of.withAttributes)})
	}
	for _, of := range found.Links {
		made.links = append(made.links, link{of.TraceID, of.SpanID, values(of.withAttributes)})
	}
	return made
}

func values(of withAttributes) plain {
	found := plain{}
	for _, pair := range of.Attributes {
		found[pair.Key] = value(pair.Value)
	}
	return found
}

func value(of anyValue) any {
	switch {
	case of.String != nil:
		return *of.String
	case of.Bool != nil:
		return *of.Bool
	case of.Double != nil:
		return *of.Double
	case of.Int != nil:
		number, err := strconv.ParseInt(*of.Int, 10, 64)
		if err != nil {
			return *of.Int
		}
		return number
	case of.Array != nil:
		values := []any{}
		for _, each := range of.Array.Values {
			values = append(values, value(each))
		}
		return values
	}
	return nil
}
