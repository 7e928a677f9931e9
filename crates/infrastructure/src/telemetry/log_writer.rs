//! Log lines on their way out: gathered in memory and written many at a time, by a thread of their own.
//!
//! A request must not wait for the disk or the pipe behind the log, and a system call for every line costs more than
//! making the line. Memory is bounded: when lines come faster than they can be written, those below a warning are
//! dropped and counted, and warnings and errors wait for room; but not for long, for whoever waits serves nobody.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait to be written: some thousand lines.
const CAPACITY: usize = 1024 * 1024;
/// How long lines are gathered before they are written. A warning ends the wait.
const GATHER_FOR: Duration = Duration::from_millis(20);
/// How long a warning waits for room. A sink that takes nothing for so long is stuck, and then nothing waits for it.
const ROOM_WITHIN: Duration = Duration::from_secs(1);
/// How long a flush waits for a sink that takes nothing.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// Takes log lines. Clones share what is behind it.
#[derive(Clone, Debug)]
pub struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Rung when the thread has something to do.
    filled: Condvar,
    /// Rung when there is room again.
    drained: Condvar,
    capacity: usize,
    writes_on: OnceLock<ThreadId>,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    /// Lines that there was no room for, since the last time this was told.
    dropped: u64,
    /// Whether what is there should be written at once.
    urgent: bool,
    /// Whether the thread sleeps until it is rung.
    asleep: bool,
    /// Whether a batch has left the queue and is not written yet.
    writing: bool,
    /// Whether somebody waited for room in vain since the last batch was written.
    stuck: bool,
    closed: bool,
}

/// Writes what is left, and ends the thread, when it is dropped.
#[derive(Debug)]
pub struct LogThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// Starts the thread that writes to `sink`.
    pub fn start(sink: impl Write + Send + 'static) -> io::Result<(Self, LogThread)> {
        Self::with_capacity(sink, CAPACITY)
    }

    fn with_capacity(sink: impl Write + Send + 'static, capacity: usize) -> io::Result<(Self, LogThread)> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
            capacity,
            writes_on: OnceLock::new(),
        });
        let writes = Arc::clone(&shared);
        let thread = thread::Builder::new().name("tenon-log".to_owned()).spawn(move || writes.write_to(sink))?;
        let guard = LogThread { shared: Arc::clone(&shared), thread: Some(thread) };
        Ok((Self { shared }, guard))
    }

    /// Waits until everything taken so far is written, or a few seconds have passed.
    pub fn flush(&self) {
        self.shared.flush();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line. `important` ones are written at once, and dropped only when the sink is stuck.
    fn take(&self, line: &[u8], important: bool) {
        let mut queue = self.queue();
        if self.is_full(&queue, line) {
            // The thread that makes room cannot wait for it.
            let must_fit = important && (queue.closed || self.writes_on.get() == Some(&thread::current().id()));
            if important && !must_fit && !queue.stuck {
                queue = self.wait_for_room(queue, line);
            }
            if !must_fit && self.is_full(&queue, line) {
                queue.dropped += 1;
                return;
            }
        }
        queue.lines.extend_from_slice(line);
        queue.urgent |= important || queue.lines.len() > self.capacity / 2;
        if queue.asleep || queue.urgent {
            queue.asleep = false;
            self.filled.notify_one();
        }
    }

    fn is_full(&self, queue: &Queue, line: &[u8]) -> bool {
        queue.lines.len() + line.len() > self.capacity && !queue.lines.is_empty()
    }

    fn wait_for_room<'a>(&self, mut queue: MutexGuard<'a, Queue>, line: &[u8]) -> MutexGuard<'a, Queue> {
        queue.urgent = true;
        self.filled.notify_one();
        let is_full = |queue: &mut Queue| self.is_full(queue, line);
        let waited = self.drained.wait_timeout_while(queue, ROOM_WITHIN, is_full);
        let (mut queue, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.stuck |= waited.timed_out();
        queue
    }

    fn flush(&self) {
        let mut queue = self.queue();
        queue.urgent = true;
        self.filled.notify_one();
        let unfinished = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        drop(self.drained.wait_timeout_while(queue, FLUSH_WITHIN, unfinished));
    }

    /// The thread's work: batch after batch, until the queue is closed and empty.
    fn write_to(&self, mut sink: impl Write) {
        let _ = self.writes_on.set(thread::current().id());
        let mut batch = Vec::new();
        loop {
            let dropped = {
                let mut queue = self.next_batch();
                if queue.lines.is_empty() {
                    return;
                }
                std::mem::swap(&mut queue.lines, &mut batch);
                queue.urgent = false;
                queue.writing = true;
                std::mem::take(&mut queue.dropped)
            };
            // There is nowhere to report a failed log to.
            let _ = sink.write_all(&batch).and_then(|()| sink.flush());
            batch.clear();
            batch.shrink_to(self.capacity / 4);
            {
                let mut queue = self.queue();
                queue.writing = false;
                queue.stuck = false;
            }
            self.drained.notify_all();
            if dropped > 0 {
                metrics::counter!("log_lines_dropped_total").increment(dropped);
                tracing::warn!(dropped, "log lines were dropped: there are more than can be written");
            }
        }
    }

    /// Waits for lines, and then a little for more of them.
    fn next_batch(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.queue();
        while queue.lines.is_empty() && !queue.closed {
            queue.asleep = true;
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.asleep = false;
        let may_wait = |queue: &mut Queue| !queue.urgent && !queue.closed;
        let waited = self.filled.wait_timeout_while(queue, GATHER_FOR, may_wait);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        self.shared.flush();
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
        // A sink that takes nothing must not keep the process from ending.
        if let Some(thread) = self.thread.take().filter(|_| !self.shared.queue().writing) {
            let _ = thread.join();
        }
    }
}

/// One line's way into a [`LogWriter`].
#[derive(Debug)]
pub struct LineWriter<'a> {
    shared: &'a Shared,
    important: bool,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.take(line, self.important);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter { shared: &self.shared, important: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        LineWriter { shared: &self.shared, important: *metadata.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Instant;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink {
        written: Arc<Mutex<Vec<u8>>>,
        batches: Arc<Mutex<usize>>,
    }

    impl Sink {
        fn lines(&self) -> Vec<String> {
            String::from_utf8(self.written.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            *self.batches.lock().unwrap() += 1;
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes nothing until it is told how many batches it may take.
    struct Stuck {
        inner: Sink,
        entered: Sender<()>,
        go: Receiver<()>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.entered.send(());
            let _ = self.go.recv();
            self.inner.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn put(writer: &LogWriter, line: &str, important: bool) {
        writer.shared.take(format!("{line}\n").as_bytes(), important);
    }

    #[test]
    fn lines_keep_their_order_and_leave_in_batches() {
        let sink = Sink::default();
        let (writer, thread) = LogWriter::start(sink.clone()).unwrap();
        let lines: Vec<_> = (0..5_000).map(|n| format!("line {n}")).collect();
        for line in &lines {
            put(&writer, line, false);
        }
        drop(thread);
        assert_eq!(sink.lines(), lines);
        assert!(*sink.batches.lock().unwrap() < 500, "{:?}", sink.batches);
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_nothing_is_lost() {
        let sink = Sink::default();
        let (writer, thread) = LogWriter::with_capacity(sink.clone(), 2_000).unwrap();
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let writer = &writer;
                scope.spawn(move || (0..500).for_each(|n| put(writer, &format!("{name} {n}"), true)));
            }
        });
        drop(thread);
        let lines = sink.lines();
        for name in ["a", "b", "c", "d"] {
            let of_thread: Vec<_> = lines.iter().filter(|line| line.starts_with(name)).cloned().collect();
            assert_eq!(of_thread, (0..500).map(|n| format!("{name} {n}")).collect::<Vec<_>>());
        }
    }

    #[test]
    fn memory_is_bounded_and_what_is_dropped_is_counted_but_a_warning_waits() {
        let (entered, is_stuck) = channel();
        let (release, go) = channel();
        let sink = Sink::default();
        let stuck = Stuck { inner: sink.clone(), entered, go };
        let (writer, thread) = LogWriter::with_capacity(stuck, 100).unwrap();
        put(&writer, "first", true);
        is_stuck.recv().unwrap();
        for n in 0..100 {
            put(&writer, &format!("info {n:02}"), false);
        }
        let (held, dropped) = {
            let queue = writer.shared.queue();
            (queue.lines.len(), queue.dropped)
        };
        assert!(held <= 100, "{held} bytes wait");
        assert_eq!(dropped, 100 - held as u64 / 8);
        let warning = thread::spawn({
            let writer = writer.clone();
            move || put(&writer, "a warning that finds no room", true)
        });
        for _ in 0..10 {
            let _ = release.send(());
        }
        warning.join().unwrap();
        writer.flush();
        drop(release);
        drop(thread);
        let lines = sink.lines();
        assert_eq!(lines[0], "first");
        assert_eq!(lines.iter().filter(|line| line.starts_with("info")).count() as u64, 100 - dropped);
        assert_eq!(lines.last().unwrap(), "a warning that finds no room");
    }

    #[test]
    fn nothing_waits_for_a_sink_that_is_stuck() {
        let (entered, is_stuck) = channel();
        let (release, go) = channel();
        let sink = Sink::default();
        let stuck = Stuck { inner: sink.clone(), entered, go };
        let (writer, thread) = LogWriter::with_capacity(stuck, 20).unwrap();
        put(&writer, "first", true);
        is_stuck.recv().unwrap();
        put(&writer, "fills the queue", true);
        let started = Instant::now();
        for _ in 0..100 {
            put(&writer, "a warning that finds no room", true);
        }
        assert!((ROOM_WITHIN..10 * ROOM_WITHIN).contains(&started.elapsed()), "only the first one waits");
        assert_eq!(writer.shared.queue().dropped, 100);
        drop(release);
        writer.flush();
        put(&writer, "a warning that finds room again", true);
        drop(thread);
        assert_eq!(sink.lines(), ["first", "fills the queue", "a warning that finds room again"]);
    }

    #[test]
    fn a_flush_waits_for_what_was_taken() {
        let sink = Sink::default();
        let (writer, _thread) = LogWriter::start(sink.clone()).unwrap();
        put(&writer, "just now", false);
        writer.flush();
        assert_eq!(sink.lines(), ["just now"]);
        writer.flush();
    }
}
