//! What a lock says when it panics: kept for the record, not written between other words.

use std::any::Any;
use std::panic::{set_hook, take_hook};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Where the last panic was that nobody has asked for yet.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// From here on only the main thread's panics are written. All other threads that run a lock catch theirs and tell them with
/// [`words`].
pub(crate) fn keep() {
    let write = take_hook();
    set_hook(Box::new(move |info| {
        if thread::current().name() == Some("main") {
            write(info);
        } else {
            let place = info.location().map(ToString::to_string);
            *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }
    }));
}

/// The message and the place of a panic that was caught.
pub(crate) fn words(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take();
    place.map_or_else(
        || message.to_owned(),
        |place| format!("{message}, at {place}"),
    )
}
