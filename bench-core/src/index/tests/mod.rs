//! What the index promises.

mod grace;
mod loom_words;
mod map;
mod models;
mod threads;
