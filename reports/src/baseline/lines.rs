//! How the JSON of a baseline is broken into lines.

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::io::{self, Write};

/// JSON with a line for what is in the file itself and in its fields; what is deeper stays on that line.
#[derive(Default)]
pub(super) struct LinePerEntry {
    pretty: PrettyFormatter<'static>,
    depth: u32,
}

impl LinePerEntry {
    const DEEPEST_LINES: u32 = 2;

    fn has_lines(&self) -> bool {
        self.depth <= Self::DEEPEST_LINES
    }
}

impl Formatter for LinePerEntry {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.has_lines() {
            self.pretty.begin_array(writer)
        } else {
            CompactFormatter.begin_array(writer)
        }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let ended = if self.has_lines() {
            self.pretty.end_array(writer)
        } else {
            CompactFormatter.end_array(writer)
        };
        self.depth -= 1;
        ended
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if self.has_lines() {
            self.pretty.begin_array_value(writer, first)
        } else {
            CompactFormatter.begin_array_value(writer, first)
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.has_lines() {
            self.pretty.end_array_value(writer)
        } else {
            CompactFormatter.end_array_value(writer)
        }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.has_lines() {
            self.pretty.begin_object(writer)
        } else {
            CompactFormatter.begin_object(writer)
        }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let ended = if self.has_lines() {
            self.pretty.end_object(writer)
        } else {
            CompactFormatter.end_object(writer)
        };
        self.depth -= 1;
        ended
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if self.has_lines() {
            self.pretty.begin_object_key(writer, first)
        } else {
            CompactFormatter.begin_object_key(writer, first)
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.has_lines() {
            self.pretty.begin_object_value(writer)
        } else {
            CompactFormatter.begin_object_value(writer)
        }
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.has_lines() {
            self.pretty.end_object_value(writer)
        } else {
            CompactFormatter.end_object_value(writer)
        }
    }
}
