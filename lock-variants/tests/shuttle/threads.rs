//! Starting threads of a model, and waiting for them.

use shuttle::thread::{self, JoinHandle};

/// Starts a thread. Its body is boxed, so that what shuttle has for a thread is compiled once for each result and not for each
/// lock of each model.
pub(crate) fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let body: Box<dyn FnOnce() -> T + Send> = Box::new(body);
    thread::spawn(body)
}

/// Waits for threads without a result.
pub(crate) fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a panic ends the run before");
    }
}
