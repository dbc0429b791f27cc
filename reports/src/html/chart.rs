//! A chart of lines, drawn by plotters.

use super::axis::Axis;
use super::paint::{GRID, INK, MUTED, SHADE, marker, series};
use super::text::escape;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// plotters takes a font's size for its line height; its letters are smaller by this.
const LETTERS: f64 = 1.24;
const TEXT_PX: f64 = 24.0;

/// Lines over two axes. Lengths are in units of which two make a pixel on a page of the usual width.
pub(super) struct Chart {
    pub(super) size: (u32, u32),
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) shades: Vec<Shade>,
    pub(super) lines: Vec<Line>,
    /// What the chart shows, for those who do not see it.
    pub(super) title: String,
    pub(super) description: String,
}

/// A part of the chart to be read with care.
pub(super) struct Shade {
    pub(super) low: (f64, f64),
    pub(super) high: (f64, f64),
    pub(super) edge: Edge,
}

/// Where a shade ends, and how that is named.
pub(super) enum Edge {
    /// At its top; what it means stands in the text.
    Top,
    /// At its left, with a label in the shade.
    Left(String),
    /// At its left, with a label before the shade, which has no room for one.
    LeftNamedBefore(String),
}

/// One lock.
#[derive(Default)]
pub(super) struct Line {
    /// Its number in the palette.
    pub(super) number: usize,
    pub(super) points: Vec<(f64, f64)>,
    /// A part of the line that rests on little.
    pub(super) faint: Vec<(f64, f64)>,
    pub(super) markers: bool,
    /// For each point, the interval: x, low, high.
    pub(super) ribbon: Vec<(f64, f64, f64)>,
    /// Single values, moved aside by `dodge`.
    pub(super) dots: Vec<(f64, f64)>,
    pub(super) dodge: i32,
}

type Failed = DrawingAreaErrorKind<std::io::Error>;
type Area<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

impl Chart {
    /// The chart as SVG with a title and a description; `id` is unique on the page.
    pub(super) fn svg(&self, id: &str) -> String {
        let mut drawn = String::new();
        if let Err(error) = self.draw(&mut drawn) {
            return format!(
                "<p>This plot could not be drawn: {}.</p>",
                escape(&error.to_string())
            );
        }
        let body = drawn.find('>').map_or("", |end| &drawn[end + 1..]);
        format!(
            "<svg class=plot viewBox=\"0 0 {} {}\" role=img aria-labelledby=\"{id}t {id}d\" xmlns=\"http://www.w3.org/2000/svg\"><title id={id}t>{}</title><desc id={id}d>{}</desc>{}",
            self.size.0,
            self.size.1,
            escape(&self.title),
            escape(&self.description),
            compact(body)
        )
    }

    fn draw(&self, out: &mut String) -> Result<(), Failed> {
        let root = SVGBackend::with_string(out, self.size).into_drawing_area();
        let mut area = ChartBuilder::on(&root)
            .margin_top(14)
            .margin_right(22)
            .x_label_area_size(78)
            .y_label_area_size(label_area(&self.y))
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        for shade in &self.shades {
            shade.draw(&mut area)?;
        }
        let font =
            |px: f64, color: RGBColor| ("sans-serif", px * LETTERS).into_font().color(&color);
        area.configure_mesh()
            .x_desc(self.x.title.as_str())
            .y_desc(self.y.title.as_str())
            .axis_desc_style(font(TEXT_PX, INK))
            .label_style(font(TEXT_PX - 2.0, INK))
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(INK.stroke_width(2))
            .draw()?;
        for shade in &self.shades {
            shade.label(&mut area)?;
        }
        for line in &self.lines {
            line.ribbon(&mut area)?;
        }
        for line in &self.lines {
            line.draw(&mut area)?;
        }
        root.present()
    }
}

/// Room for the labels of an axis that stands upright: numbers are short, names may not be.
fn label_area(axis: &Axis) -> u32 {
    let longest = axis.ticks.iter().map(|tick| tick.1.chars().count()).max();
    118.max(22 + 12 * longest.unwrap_or(0) as u32)
}

impl Shade {
    fn draw(&self, area: &mut Area<'_>) -> Result<(), Failed> {
        area.draw_series([Rectangle::new([self.low, self.high], SHADE.filled())])?;
        let from = match self.edge {
            Edge::Top => (self.high.0, self.high.1),
            Edge::Left(_) | Edge::LeftNamedBefore(_) => self.low,
        };
        let edge = vec![from, (self.low.0, self.high.1)];
        area.draw_series([PathElement::new(edge, MUTED.stroke_width(2))])?;
        Ok(())
    }

    fn label(&self, area: &mut Area<'_>) -> Result<(), Failed> {
        let (label, aside, horizontal) = match &self.edge {
            Edge::Top => return Ok(()),
            Edge::Left(label) => (label, (8, 6), HPos::Left),
            Edge::LeftNamedBefore(label) => (label, (-8, 6), HPos::Right),
        };
        let style = ("sans-serif", (TEXT_PX - 4.0) * LETTERS)
            .into_font()
            .color(&MUTED)
            .pos(Pos::new(horizontal, VPos::Top));
        let at = (self.low.0, self.high.1);
        area.draw_series([EmptyElement::at(at) + Text::new(label.clone(), aside, style)])?;
        Ok(())
    }
}

impl Line {
    fn ribbon(&self, area: &mut Area<'_>) -> Result<(), Failed> {
        let color = series(self.number);
        if let [(x, low, high)] = self.ribbon.as_slice() {
            let bar = vec![(*x, *low), (*x, *high)];
            area.draw_series([PathElement::new(bar, color.stroke_width(3))])?;
        } else if !self.ribbon.is_empty() {
            let upper = self.ribbon.iter().rev().map(|(x, _, high)| (*x, *high));
            let lower = self.ribbon.iter().map(|(x, low, _)| (*x, *low));
            let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
            area.draw_series([Polygon::new(outline, color.mix(0.1).filled())])?;
        }
        Ok(())
    }

    fn draw(&self, area: &mut Area<'_>) -> Result<(), Failed> {
        let color = series(self.number);
        let dodge = self.dodge;
        area.draw_series(self.dots.iter().map(|at| {
            EmptyElement::at(*at) + Circle::new((dodge, 0), 4, color.mix(0.45).filled())
        }))?;
        let stroke = |opacity: f64, width| color.mix(opacity).stroke_width(width);
        let paths = [
            (&self.points, stroke(1.0, 4)),
            (&self.faint, stroke(0.4, 3)),
        ];
        let paths = paths.into_iter().filter(|(points, _)| points.len() > 1);
        area.draw_series(paths.map(|(points, style)| PathElement::new(points.clone(), style)))?;
        if self.markers {
            area.draw_series(self.points.iter().map(|at| {
                EmptyElement::at(*at) + Polygon::new(marker(self.number), color.filled())
            }))?;
        }
        Ok(())
    }
}

/// What plotters writes and a page does not need: line feeds, and attributes at their default.
fn compact(svg: &str) -> String {
    svg.replace('\n', "")
        .replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" stroke-width=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
}
