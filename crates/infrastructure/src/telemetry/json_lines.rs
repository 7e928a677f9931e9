//! Log lines as flat JSON objects: the fields of the event and of every span around it, side by side.

use std::cell::RefCell;
use std::io::Write;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::json_fields::JsonFields;
use super::timestamp::Timestamps;

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
struct SpanFields(JsonFields);

/// What a thread makes its lines with, kept to be used again.
#[derive(Default)]
struct Workbench {
    fields: JsonFields,
    line: Vec<u8>,
    timestamps: Timestamps,
}

thread_local! {
    static WORKBENCH: RefCell<Workbench> = RefCell::default();
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = JsonFields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(SpanFields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(SpanFields(fields)) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        WORKBENCH.with(|bench| match bench.try_borrow_mut() {
            Ok(mut bench) => self.write(&mut bench, event, &context),
            // A value that logs while it is being logged.
            Err(_) => self.write(&mut Workbench::default(), event, &context),
        });
    }
}

impl<W: for<'w> MakeWriter<'w>> JsonLines<W> {
    fn write<S>(&self, bench: &mut Workbench, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Workbench { fields, line, timestamps } = bench;
        let metadata = event.metadata();
        fields.clear();
        fields.put_str("timestamp", timestamps.now());
        fields.put_str("level", level(metadata));
        fields.put_null("message");
        fields.put_str("target", metadata.target());
        for name in ALWAYS {
            fields.put_null(name);
        }
        // From the outermost span inwards: what is nearer to the event wins.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(SpanFields(of_span)) = span.extensions().get::<SpanFields>() {
                fields.extend(of_span);
            }
        }
        event.record(fields);
        line.clear();
        fields.write_object(line);
        line.push(b'\n');
        // One write a line, so that lines of concurrent threads do not mix. There is nowhere to report a failed log to.
        let _ = self.writer.make_writer_for(metadata).write_all(line);
    }
}

fn level(metadata: &Metadata<'_>) -> &'static str {
    match *metadata.level() {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
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
