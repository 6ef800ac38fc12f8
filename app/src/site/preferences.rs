//! What a visitor chose about how pages look and answer, kept in cookies.

use http::HeaderMap;

use super::cookies::cookie;

/// A choice that a cookie keeps.
pub(crate) trait Preference: Copy + Default + PartialEq + 'static {
    /// Name of the cookie, and of the field that posts a choice.
    const COOKIE: &'static str;
    /// Every choice with its value and its word.
    const CHOICES: &'static [(Self, &'static str, &'static str)];

    /// The choice of a value; anything unknown counts as none made.
    fn parse(text: &str) -> Self {
        let known = Self::CHOICES.iter().find(|(_, value, _)| *value == text);
        known.map_or_else(Self::default, |(choice, _, _)| *choice)
    }

    /// The choice of the request's cookie.
    fn of(headers: &HeaderMap) -> Self {
        cookie(headers, Self::COOKIE).map_or_else(Self::default, Self::parse)
    }

    /// The value of the cookie.
    fn as_str(self) -> &'static str {
        let own = Self::CHOICES.iter().find(|(choice, _, _)| *choice == self);
        own.map_or("", |(_, value, _)| value)
    }
}

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

impl Preference for Theme {
    const COOKIE: &'static str = "theme";
    const CHOICES: &'static [(Self, &'static str, &'static str)] = &[
        (Self::System, "system", "System"),
        (Self::Dark, "dark", "Dark"),
        (Self::Light, "light", "Light"),
    ];
}

/// Height of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Density {
    /// 24 px.
    #[default]
    Dense,
    /// 28 px.
    Relaxed,
    /// 32 px.
    Comfortable,
}

impl Preference for Density {
    const COOKIE: &'static str = "density";
    const CHOICES: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Dense, "24", "Dense"),
        (Self::Relaxed, "28", "Relaxed"),
        (Self::Comfortable, "32", "Comfortable"),
    ];
}

/// Width of the navigation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Navigation {
    /// With words where there is room for them.
    #[default]
    Auto,
    /// With words.
    Wide,
    /// Pictures alone.
    Narrow,
}

impl Preference for Navigation {
    const COOKIE: &'static str = "navigation";
    const CHOICES: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Auto, "auto", "As wide as fits"),
        (Self::Wide, "wide", "With words"),
        (Self::Narrow, "narrow", "Icons only"),
    ];
}

/// Whether single keys do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shortcuts {
    /// They do, outside of fields.
    #[default]
    On,
    /// They do not.
    Off,
}

impl Preference for Shortcuts {
    const COOKIE: &'static str = "shortcuts";
    const CHOICES: &'static [(Self, &'static str, &'static str)] =
        &[(Self::On, "on", "On"), (Self::Off, "off", "Off")];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_nobody_knows_is_no_choice() {
        assert_eq!(Theme::parse("purple"), Theme::System);
        assert_eq!(Density::parse("28"), Density::Relaxed);
        assert_eq!(Navigation::Narrow.as_str(), "narrow");
    }
}
