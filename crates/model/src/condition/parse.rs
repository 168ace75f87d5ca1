//! Text to DataFusion's syntax tree, within limits; and where each part of the tree stands in the text.

use std::ops::Range;

use datafusion_sql::sqlparser::ast::{Expr, Spanned};
use datafusion_sql::sqlparser::dialect::Dialect;
use datafusion_sql::sqlparser::keywords::Keyword;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::Problem;

/// The longest expression, in bytes.
pub const TEXT_BYTES_MAX: usize = 10_000;
/// The most columns, literals and operators in an expression.
pub const NODES_MAX: usize = 1_000;
/// The deepest nesting of brackets and functions.
pub const DEPTH_MAX: usize = 64;
/// The most words and signs: enough for `NODES_MAX` nodes.
const TOKENS_MAX: usize = 4 * NODES_MAX;

/// The SQL that is read: DataFusion's, without its extensions to other databases' syntax. Words that begin a special form never serve as
/// bare column names: otherwise the parser tries both readings at every level, and takes exponential time for nested text with an error.
#[derive(Debug)]
struct Sql;

impl Dialect for Sql {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }
    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }
    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        use Keyword as K;
        matches!(
            word,
            K::CASE
                | K::CAST
                | K::TRY_CAST
                | K::SAFE_CAST
                | K::CONVERT
                | K::TRY_CONVERT
                | K::CEIL
                | K::FLOOR
                | K::EXTRACT
                | K::SUBSTR
                | K::SUBSTRING
                | K::POSITION
                | K::OVERLAY
                | K::TRIM
                | K::INTERVAL
                | K::ARRAY
                | K::EXISTS
                | K::STRUCT
                | K::NOT
                | K::MATCH
                | K::AND
                | K::OR
                | K::IN
                | K::IS
                | K::LIKE
                | K::BETWEEN
                | K::WHEN
                | K::THEN
                | K::ELSE
                | K::END
                | K::SELECT
                | K::FROM
        )
    }
}

/// A parsed text and the places of its tokens.
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    tokens: Vec<Placed>,
}

struct Placed {
    at: Location,
    span: Range<usize>,
    token: Token,
}

impl<'a> Source<'a> {
    /// Parses one expression.
    pub fn parse(text: &'a str) -> Result<(Source<'a>, Expr), Problem> {
        let end = text.trim_end().len();
        if text.len() > TEXT_BYTES_MAX {
            return Err(too_large(0..0, format!("this expression has {} bytes; {TEXT_BYTES_MAX} are allowed", text.len())));
        }
        let tokens = match Tokenizer::new(&Sql, text).tokenize_with_location() {
            Ok(tokens) => tokens,
            Err(error) => {
                let at = offset(text, error.location);
                let message = error.message.trim_end_matches('.').replace(" before EOF", "");
                return Err(syntax(at..at, lower_first(&message)));
            }
        };
        let source = Source { text, tokens: place(text, &tokens) };
        if source.tokens.is_empty() {
            return Err(syntax(end..end, "the expression is empty".into()));
        }
        if source.tokens.len() > TOKENS_MAX {
            return Err(too_large(0..0, format!("this expression has {} words and signs; {TOKENS_MAX} are allowed", source.tokens.len())));
        }
        if let Some(problem) = source.refused_form() {
            return Err(problem);
        }
        let mut parser = Parser::new(&Sql).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens);
        let expr = match parser.parse_expr() {
            Ok(expr) => expr,
            Err(error) => return Err(source.problem(error, parser.peek_token().span.start)),
        };
        let next = parser.peek_token();
        if next.token != Token::EOF {
            let span = source.token_at(next.span.start).map_or(end..end, |i| source.tokens[i].span.clone());
            return Err(syntax(span, format!("the expression should end before {}", next.token)));
        }
        Ok((source, expr))
    }

    /// A form that would be refused anyway, but that the parser follows to any depth, or reads in two ways at every level.
    fn refused_form(&self) -> Option<Problem> {
        self.tokens.windows(2).find_map(|pair| {
            let Token::Word(word) = &pair[0].token else { return None };
            let next = &pair[1].token;
            let help = match word.keyword {
                _ if word.quote_style.is_some() => return None,
                Keyword::POSITION if *next == Token::LParen => "use contains",
                Keyword::INTERVAL if !matches!(next, Token::SingleQuotedString(_) | Token::Number(..)) => "write INTERVAL '30 days'",
                Keyword::ARRAY if matches!(next, Token::LParen | Token::LBracket | Token::Lt) => "write x IN ('a', 'b')",
                _ => return None,
            };
            let message = format!("this use of {} is not allowed here", self.text[pair[0].span.clone()].to_uppercase());
            Some(Problem { span: pair[0].span.clone(), code: "not-allowed", message, help: Some(help.into()) })
        })
    }

    fn problem(&self, error: ParserError, next: Location) -> Problem {
        let end = self.text.trim_end().len();
        let (message, at) = match error {
            ParserError::RecursionLimitExceeded => {
                let span = self.token_at(next).map_or(0..0, |i| self.tokens[i].span.clone());
                return too_large(span, format!("this is nested more than {DEPTH_MAX} deep"));
            }
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => split_location(&message),
        };
        let span = at.and_then(|at| self.token_at(at)).map_or(end..end, |i| self.tokens[i].span.clone());
        if message.starts_with("No infix parser") {
            return syntax(span.clone(), format!("{} cannot stand here", &self.text[span]));
        }
        let message = message.replace("Expected: ", "expected ").replace("found: EOF", "found the end").replace("found: ", "found ");
        syntax(span, lower_first(&message))
    }

    fn token_at(&self, at: Location) -> Option<usize> {
        self.tokens.binary_search_by_key(&(at.line, at.column), |t| (t.at.line, t.at.column)).ok()
    }

    fn index(&self, offset: usize) -> usize {
        self.tokens.partition_point(|t| t.span.end <= offset)
    }

    /// The part of the text an expression covers as its names and literals tell, without brackets and keywords around them.
    pub fn core(&self, expr: &impl Spanned) -> Range<usize> {
        let span = expr.span();
        let token = |at: Location| self.token_at(at);
        let start = token(span.start).map_or(0, |i| self.tokens[i].span.start);
        let end =
            self.tokens.iter().rev().find(|t| (t.at.line, t.at.column) < (span.end.line, span.end.column)).map_or(start, |t| t.span.end);
        start..end.max(start)
    }

    /// The span with so many more tokens before it.
    pub fn before(&self, span: Range<usize>, tokens: usize) -> Range<usize> {
        let i = self.index(span.start).saturating_sub(tokens);
        self.tokens.get(i).map_or(span.clone(), |t| t.span.start..span.end)
    }

    /// The span with so many more tokens after it.
    pub fn after(&self, span: Range<usize>, tokens: usize) -> Range<usize> {
        let i = (self.index(span.end.saturating_sub(1)) + tokens).min(self.tokens.len().saturating_sub(1));
        self.tokens.get(i).map_or(span.clone(), |t| span.start..t.span.end)
    }

    /// The span up to the bracket that closes the first one opened in it or right after it.
    pub fn closed(&self, span: Range<usize>) -> Range<usize> {
        let mut depth = 0;
        for t in &self.tokens[self.index(span.start)..] {
            match t.token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 1 => return span.start..t.span.end,
                Token::RParen => depth -= 1,
                _ => {}
            }
        }
        span
    }
}

fn place(text: &str, tokens: &[TokenWithSpan]) -> Vec<Placed> {
    let mut here = Cursor { text, at: Location { line: 1, column: 1 }, offset: 0 };
    let mut placed = Vec::with_capacity(tokens.len());
    for t in tokens {
        let start = here.advance(t.span.start);
        let end = here.advance(t.span.end);
        if !matches!(t.token, Token::Whitespace(_) | Token::EOF) {
            placed.push(Placed { at: t.span.start, span: start..end, token: t.token.clone() });
        }
    }
    placed
}

/// Turns lines and columns into byte offsets, going forward only.
struct Cursor<'a> {
    text: &'a str,
    at: Location,
    offset: usize,
}

impl Cursor<'_> {
    fn advance(&mut self, to: Location) -> usize {
        for c in self.text[self.offset..].chars() {
            if (self.at.line, self.at.column) >= (to.line, to.column) {
                break;
            }
            self.offset += c.len_utf8();
            self.at = if c == '\n' {
                Location { line: self.at.line + 1, column: 1 }
            } else {
                Location { line: self.at.line, column: self.at.column + 1 }
            };
        }
        self.offset
    }
}

fn offset(text: &str, at: Location) -> usize {
    Cursor { text, at: Location { line: 1, column: 1 }, offset: 0 }.advance(at)
}

/// The parser writes the place into the message: `… at Line: 1, Column: 5`.
fn split_location(message: &str) -> (String, Option<Location>) {
    let split = || {
        let (message, place) = message.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        Some((message.to_owned(), Location { line: line.parse().ok()?, column: column.trim().parse().ok()? }))
    };
    match split() {
        Some((message, at)) => (message, Some(at)),
        None => (message.to_owned(), None),
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or(String::new(), |c| c.to_lowercase().chain(chars).collect())
}

fn syntax(span: Range<usize>, message: String) -> Problem {
    Problem { span, code: "syntax", message, help: None }
}

fn too_large(span: Range<usize>, message: String) -> Problem {
    Problem { span, code: "too-large", message, help: Some("split it into several metrics or segments".into()) }
}
