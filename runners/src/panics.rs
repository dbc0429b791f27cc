//! What a lock says when it panics: kept for the record, not written between other words.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{set_hook, take_hook};
use std::sync::{Mutex, PoisonError};
use std::thread;

thread_local! {
    /// Where this thread panicked, until it is asked for: workers may panic at the same time.
    static HERE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Where any thread panicked last, for a panic that was handed on from a thread that is gone.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From here on only the main thread's panics are written. All other threads that run a lock catch theirs and tell them with
/// [`words`].
pub(crate) fn keep() {
    let write = take_hook();
    set_hook(Box::new(move |info| {
        if thread::current().name() == Some("main") {
            write(info);
        } else {
            remember(info.location().map(ToString::to_string));
        }
    }));
}

/// Keeps the place of this thread's panic.
fn remember(place: Option<String>) {
    HERE.set(place.clone());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = place;
}

/// The message and the place of a panic that was caught.
pub(crate) fn words(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let place = HERE.take().or_else(last);
    place.map_or_else(
        || message.to_owned(),
        |place| format!("{message}, at {place}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn threads_that_panic_at_the_same_time_have_a_place_each() {
        let both = Barrier::new(2);
        // Without a hook, which would hide what other tests of this program say.
        let panic_and_tell = &|place: &'static str| {
            remember(Some(place.to_owned()));
            both.wait();
            words(&"planted")
        };
        let told = thread::scope(|scope| {
            ["a.rs:1", "b.rs:2"]
                .map(|place| scope.spawn(move || panic_and_tell(place)))
                .map(|thread| thread.join().expect("it does not panic"))
        });
        assert_eq!(told, ["planted, at a.rs:1", "planted, at b.rs:2"]);
        assert!(words(&"handed on").starts_with("handed on, at "));
    }
}
