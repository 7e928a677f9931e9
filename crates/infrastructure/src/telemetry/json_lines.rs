//! Log lines as flat JSON objects: the fields of the event and of every span around it, side by side.

use std::fmt;
use std::io::Write;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Fields that every line has, so that a query on them never meets a line of another shape.
const ALWAYS: [&str; 6] = ["request_id", "user_id", "organization_id", "operation", "duration_ms", "success"];

/// Writes every event as one line of JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    writer: W,
}

impl<W> JsonLines<W> {
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

/// The fields of a span, kept with it until it closes.
struct SpanFields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut Fields(&mut fields));
        span.extensions_mut().insert(SpanFields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(SpanFields(fields)) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(&mut Fields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), Value::String(timestamp()));
        line.insert("level".to_owned(), Value::String(metadata.level().as_str().to_lowercase()));
        line.insert("message".to_owned(), Value::Null);
        line.insert("target".to_owned(), Value::String(metadata.target().to_owned()));
        for name in ALWAYS {
            line.insert(name.to_owned(), Value::Null);
        }
        // From the outermost span inwards: what is nearer to the event wins.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(SpanFields(fields)) = span.extensions().get::<SpanFields>() {
                line.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Fields(&mut line));
        self.write(&line, metadata);
    }
}

impl<W: for<'w> MakeWriter<'w>> JsonLines<W> {
    fn write(&self, line: &Map<String, Value>, metadata: &tracing::Metadata<'_>) {
        let Ok(mut bytes) = serde_json::to_vec(line) else { return };
        bytes.push(b'\n');
        // One write a line, so that lines of concurrent threads do not mix. There is nowhere to report a failed log to.
        let _ = self.writer.make_writer_for(metadata).write_all(&bytes);
    }
}

#[allow(clippy::disallowed_methods, reason = "the time of a log line is the wall clock's")]
fn timestamp() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Puts fields into a JSON object.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().trim_start_matches("r#").to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // Three decimals are microseconds of a `duration_ms`; more would be noise.
        self.put(field, Value::from((value * 1000.0).round() / 1000.0));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn lines(&self) -> Vec<Value> {
            let bytes = self.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    fn logged(emit: impl FnOnce()) -> Vec<Value> {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::registry().with(JsonLines::new(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, emit);
        sink.lines()
    }

    #[test]
    fn the_fields_of_the_spans_stand_on_the_line() {
        let lines = logged(|| {
            let request = tracing::info_span!("request", request_id = "outer", route = "/tasks");
            let _request = request.enter();
            let user = tracing::field::display("u-1");
            let span = tracing::info_span!("operation", operation = "task.create", request_id = "r-1", user_id = user);
            let _span = span.enter();
            tracing::info!(duration_ms = 1.23456_f64, success = true, "task.create");
        });
        let line = &lines[0];
        assert_eq!(line["message"], "task.create");
        assert_eq!(line["level"], "info");
        assert_eq!(line["operation"], "task.create");
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["user_id"], "u-1");
        assert_eq!(line["organization_id"], Value::Null);
        assert_eq!(line["route"], "/tasks");
        assert_eq!(line["duration_ms"], 1.235);
        assert_eq!(line["success"], true);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_field_recorded_later_is_there_and_every_line_has_the_same_keys() {
        let lines = logged(|| {
            let span = tracing::info_span!("request", user_id = tracing::field::Empty);
            span.record("user_id", "u-2");
            span.in_scope(|| tracing::warn!("inside \"quotes\"\nand lines"));
            tracing::error!("outside");
        });
        assert_eq!(lines[0]["user_id"], "u-2");
        assert_eq!(lines[0]["message"], "inside \"quotes\"\nand lines");
        for name in ALWAYS {
            assert!(lines[1].as_object().unwrap().contains_key(name), "{name}");
        }
    }
}
