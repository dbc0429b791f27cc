//! Wrong forms of the designs. They exist to be broken by the models.

pub(crate) mod faulty;
pub(crate) mod inverted_by_store;
pub(crate) mod literal_mail;
pub(crate) mod literal_rcuref;
pub(crate) mod reader_slots;
