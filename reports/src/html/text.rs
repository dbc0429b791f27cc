//! Text and tables for a page.

/// `text` with the characters that mean something in HTML replaced. Fit for element content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Of the control characters only these two are allowed in a page.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A cell of a table.
pub(super) enum Datum {
    /// Text, to the left.
    Text(String),
    /// A number, to the right.
    Number(String),
    /// A number that should not be trusted.
    Faint(String),
    /// HTML that is escaped already.
    Html(String),
}

impl Datum {
    /// A number, or a dash where there is none.
    pub(super) fn number(value: Option<String>) -> Self {
        Self::Number(value.unwrap_or_else(|| "–".into()))
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Faint(_))
    }

    fn html(&self) -> String {
        match self {
            Self::Text(text) => format!("<td>{}</td>", escape(text)),
            Self::Number(text) => format!("<td class=n>{}</td>", escape(text)),
            Self::Faint(text) => format!("<td class=\"n faint\">{}</td>", escape(text)),
            Self::Html(html) => format!("<td>{html}</td>"),
        }
    }
}

/// A table whose first column names the row.
pub(super) struct Table {
    caption: String,
    heads: Vec<String>,
    /// Which columns after the first hold numbers, by the first row.
    numeric: Vec<bool>,
    body: String,
}

impl Table {
    /// A table with this caption (plain text) and column heads.
    pub(super) fn new(caption: &str, heads: &[&str]) -> Self {
        Self {
            caption: caption.to_owned(),
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            numeric: Vec::new(),
            body: String::new(),
        }
    }

    /// Adds a row. `class` is one of this crate's own words; `head` is HTML that is escaped already.
    pub(super) fn row(&mut self, class: &str, head: &str, data: &[Datum]) {
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{class}\"")
        };
        if self.is_empty() {
            self.numeric = data.iter().map(Datum::is_number).collect();
        }
        let data: String = data.iter().map(Datum::html).collect();
        self.body += &format!("<tr{class}><th scope=row>{head}</th>{data}</tr>\n");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    pub(super) fn html(&self) -> String {
        let caption = if self.caption.is_empty() {
            String::new()
        } else {
            format!("<caption>{}</caption>", escape(&self.caption))
        };
        let heads: String = self
            .heads
            .iter()
            .enumerate()
            .map(|(column, head)| {
                let numeric = column > 0 && self.numeric.get(column - 1) == Some(&true);
                let class = if numeric { " class=n" } else { "" };
                format!("<th scope=col{class}>{}</th>", escape(head))
            })
            .collect();
        format!(
            "<div class=scroll><table>{caption}<thead><tr>{heads}</tr></thead><tbody>\n{}</tbody></table></div>\n",
            self.body
        )
    }

    /// The table behind a line that opens it.
    pub(super) fn folded(&self, summary: &str) -> String {
        format!(
            "<details><summary>{}</summary>{}</details>\n",
            escape(summary),
            self.html()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<script a='1' b=\"2\">&\u{0}"),
            "&lt;script a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;\u{fffd}"
        );
    }
}
