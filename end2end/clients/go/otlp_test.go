// OpenTelemetry's own exporters for Go, unchanged: what they send is what is stored, field by field.
package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	traces        = 100
	spansPerTrace = 100
	patience      = time.Minute
)

var kinds = []trace.SpanKind{
	trace.SpanKindInternal,
	trace.SpanKindServer,
	trace.SpanKindClient,
	trace.SpanKindProducer,
	trace.SpanKindConsumer,
}

// kaos is where the store is; `cargo xtask test --only clients` starts it and says where.
var kaos = os.Getenv("KAOS_URL")

func TestTenThousandSpansOverGrpcAreStoredAsTheyWereSent(t *testing.T) {
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpointURL(kaos))
	check(t, exporter, err)
}

func TestTenThousandSpansOverCompressedGrpcAreStoredAsTheyWereSent(t *testing.T) {
	url, gzip := otlptracegrpc.WithEndpointURL(kaos), otlptracegrpc.WithCompressor("gzip")
	exporter, err := otlptracegrpc.New(t.Context(), url, gzip)
	check(t, exporter, err)
}

func TestTenThousandSpansOverHttpAreStoredAsTheyWereSent(t *testing.T) {
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(kaos+"/v1/traces"))
	check(t, exporter, err)
}

func TestTenThousandSpansOverCompressedHttpAreStoredAsTheyWereSent(t *testing.T) {
	url := otlptracehttp.WithEndpointURL(kaos + "/v1/traces")
	exporter, err := otlptracehttp.New(t.Context(), url, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	check(t, exporter, err)
}

// check sends spans through the exporter and through memory, and compares.
func check(t *testing.T, exporter sdk.SpanExporter, err error) {
	t.Helper()
	must(t, err)
	memory := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", fmt.Sprintf("%s-%d", t.Name(), os.Getpid())),
			attribute.String("ünï", "cödé"),
		)),
		sdk.WithSyncer(memory),
		sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(20_000)),
	)
	tracer := provider.Tracer("end2end", trace.WithInstrumentationVersion("1.2.3"))
	for number := range traces {
		oneTrace(tracer, number)
	}
	must(t, provider.ForceFlush(t.Context()))
	expected := map[string]map[string]span{}
	for _, stub := range memory.GetSpans() {
		id := stub.SpanContext.TraceID().String()
		if expected[id] == nil {
			expected[id] = map[string]span{}
		}
		expected[id][stub.SpanContext.SpanID().String()] = sent(stub)
	}
	must(t, provider.Shutdown(t.Context()))
	if len(expected) != traces {
		t.Fatalf("%d traces were made", len(expected))
	}
	for id, spans := range expected {
		if len(spans) != spansPerTrace {
			t.Fatalf("%d spans were made in trace %s", len(spans), id)
		}
		for key, found := range untilStored(t, id, spansPerTrace) {
			if !reflect.DeepEqual(found, spans[key]) {
				t.Fatalf("span %s was sent as\n%#v\nand is stored as\n%#v", key, spans[key], found)
			}
		}
	}
}

func oneTrace(tracer trace.Tracer, number int) {
	name := fmt.Sprintf("root-%d", number)
	ctx, root := tracer.Start(context.Background(), name, trace.WithSpanKind(trace.SpanKindServer))
	for place := 1; place < spansPerTrace; place++ {
		child(ctx, tracer, place)
	}
	root.End()
}

// child is a span with something of everything.
func child(ctx context.Context, tracer trace.Tracer, place int) {
	options := []trace.SpanStartOption{
		trace.WithSpanKind(kinds[place%len(kinds)]),
		trace.WithAttributes(
			attribute.String("text", strings.Repeat("x", place)),
			attribute.Bool("yes", place%2 == 0),
			attribute.Int("count", -place),
			attribute.Int64("large", 1<<62+int64(place)),
			attribute.Float64("share", float64(place)/7),
			attribute.StringSlice("list", []string{"a", "ö"}),
			attribute.IntSlice("numbers", []int{1, 2, place}),
			attribute.String("empty", ""),
		),
	}
	if place%3 == 0 {
		link := trace.LinkFromContext(ctx, attribute.String("why", "a link"))
		options = append(options, trace.WithLinks(link))
	}
	_, span := tracer.Start(ctx, fmt.Sprintf("child %d <b>'ü'</b>", place), options...)
	defer span.End()
	at := trace.WithAttributes(attribute.Int("at", place), attribute.Float64("half", 0.5))
	span.AddEvent("something", at)
	switch {
	case place%5 == 0:
		span.RecordError(errors.New("no"), trace.WithStackTrace(true))
		span.SetStatus(codes.Error, "went wrong")
	case place%7 == 0:
		span.SetStatus(codes.Ok, "")
	}
}

// untilStored waits until all spans of a trace are stored.
func untilStored(t *testing.T, id string, n int) map[string]span {
	t.Helper()
	giveUp := time.Now().Add(patience)
	for {
		spans := stored(t, id)
		if len(spans) == n {
			return spans
		}
		if time.Now().After(giveUp) {
			t.Fatalf("%d spans of trace %s are stored", len(spans), id)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
