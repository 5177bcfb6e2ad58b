//! Pieces of HTML. What comes from elsewhere is escaped here and nowhere else.

const STYLE: &str = include_str!("assets/style.css");

/// Pages that every page links to.
const NAVIGATION: &[(&str, &str)] = &[
    ("index.html", "sinew"),
    ("modules.html", "Modules"),
    ("for-r.html", "R"),
    ("for-scikit-learn.html", "scikit-learn"),
    ("for-julia.html", "Julia"),
    ("errors.html", "Errors"),
];

/// Text as it shows itself in HTML.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// A sentence of help, with what stands between back-ticks as code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let part = |(i, part): (usize, &&str)| if i % 2 == 1 { code(part) } else { escape(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Code within a line.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A block of code. It can be scrolled by keyboard.
pub(super) fn code_block(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(text.trim_end()))
}

/// A block of what a script prints.
pub(super) fn output_block(text: &str) -> String {
    format!("<pre tabindex=\"0\" class=\"output\"><samp>{}</samp></pre>\n", escape(text.trim_end()))
}

/// A table; heads are texts, cells are HTML.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{}</th>", escape(head))).collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<div class=\"table\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n")
}

/// A whole page around a body of HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    let version = env!("CARGO_PKG_VERSION");
    let links: String = NAVIGATION.iter().map(|(file, name)| format!("<a href=\"{file}\">{name}</a>\n")).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} - sinew</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">To the content</a>\n\
         <header><nav aria-label=\"Pages\">\n{links}</nav></header>\n<main id=\"content\">\n<h1>{title}</h1>\n{body}\
         </main>\n<footer>sinew {version}</footer>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_prose_is_marked_and_everything_is_escaped() {
        assert_eq!(prose("a < b, `x<y>` & \"c\""), "a &lt; b, <code>x&lt;y&gt;</code> &amp; &quot;c&quot;");
        assert_eq!(prose("one ` only"), "one ` only");
    }
}
