//! Which part of the picture is seen.

use std::fmt;

use crate::map::Layout;

/// A rectangle of the picture, in its own pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ViewBox {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A picture smaller than this is not blown up to fill the window.
const LEAST: (f64, f64) = (1_100.0, 560.0);
/// The narrowest and the widest that can be seen at once.
const WIDTHS: (f64, f64) = (240.0, 40_000.0);

impl ViewBox {
    /// The whole picture, in the middle.
    pub(super) fn of(layout: &Layout) -> Self {
        let (own_width, own_height) = (f64::from(layout.width), f64::from(layout.height));
        let (width, height) = (own_width.max(LEAST.0), own_height.max(LEAST.1));
        Self {
            x: (own_width - width) / 2.0,
            y: (own_height - height) / 2.0,
            width,
            height,
        }
    }

    pub(super) fn centre(self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Nearer for a factor below 1, around a point that stays where it is.
    pub(super) fn zoomed(self, factor: f64, (x, y): (f64, f64)) -> Self {
        let width = (self.width * factor).clamp(WIDTHS.0, WIDTHS.1);
        let factor = width / self.width;
        Self {
            x: x - (x - self.x) * factor,
            y: y - (y - self.y) * factor,
            width,
            height: self.height * factor,
        }
    }

    #[cfg(any(feature = "hydrate", test))]
    pub(super) fn moved(self, (x, y): (f64, f64)) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            ..self
        }
    }
}

impl fmt::Display for ViewBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            x,
            y,
            width,
            height,
        } = self;
        write!(f, "{x:.1} {y:.1} {width:.1} {height:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_under_the_pointer_stays_where_it_is() {
        let seen = ViewBox {
            x: 0.0,
            y: 0.0,
            width: 1_000.0,
            height: 500.0,
        };
        let nearer = seen.zoomed(0.5, (250.0, 100.0));
        assert_eq!((nearer.x, nearer.y), (125.0, 50.0));
        assert_eq!((nearer.width, nearer.height), (500.0, 250.0));
        let moved = nearer.moved((10.0, 0.0));
        assert_eq!((moved.x, moved.y), (135.0, 50.0));
    }

    #[test]
    fn a_small_picture_stands_in_the_middle() {
        let layout = Layout {
            width: 300,
            height: 100,
            ..Layout::default()
        };
        let seen = ViewBox::of(&layout);
        assert_eq!((seen.x, seen.width), (-400.0, 1_100.0));
    }
}
