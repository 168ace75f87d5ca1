//! Functions, CASE and CAST.

use std::ops::Range;

use datafusion_sql::sqlparser::ast::{
    CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments,
    Value as Sql,
};

use super::{Builder, a};
use crate::condition::function::{NAMES, Signature, find};
use crate::condition::test::Test;
use crate::condition::tree::{Form, Node};
use crate::diagnostic::nearest;
use crate::value::{Kind, Value};

/// Functions of one literal text that an account's row has; `Names::call` knows what they mean.
const ROW_FUNCTIONS: [&str; 4] = ["alert", "measure", "measure_group", "milestone"];

impl Builder<'_> {
    pub(super) fn function(&mut self, expr: &Expr, call: &Call) -> Option<Node> {
        let core = self.source.core(expr);
        let name = call.name.to_string().to_lowercase();
        let FunctionArguments::List(list) = &call.args else { return self.refused_function(core, &name) };
        let span = self.source.closed(core.clone());
        let plain = call.over.is_none() && call.filter.is_none() && call.within_group.is_empty() && call.null_treatment.is_none();
        let plain = plain && list.duplicate_treatment.is_none() && list.clauses.is_empty() && call.parameters == FunctionArguments::None;
        if call.over.is_some() {
            let help = "declare a metric for it".to_owned();
            return self.problem(span, "not-allowed", "window functions are not allowed here".into(), Some(help));
        }
        let args: Option<Vec<&Expr>> = list
            .args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => Some(arg),
                _ => None,
            })
            .collect();
        match args {
            Some(args) if plain && find(&name).is_some() => self.call(&name, Some(span), &args),
            Some(args) if plain => self.row_call(&name, span, &args),
            _ if find(&name).is_none() => self.refused_function(span, &name),
            _ => self.problem(span, "not-allowed", format!("{name} takes plain arguments only"), None),
        }
    }

    /// A call such as `milestone('x')`, which leads to a column.
    fn row_call(&mut self, name: &str, span: Range<usize>, args: &[&Expr]) -> Option<Node> {
        if let [Expr::Value(value)] = args
            && let Sql::SingleQuotedString(text) = &value.value
        {
            return match self.names.call(name, text) {
                Some(Ok((slot, kind))) => {
                    let variable = (kind == Kind::Any).then(|| self.types.column(slot));
                    let node = Node::new(span, kind, Form::Column(slot));
                    self.count(Node { variable, ..node })
                }
                Some(Err((message, help))) => {
                    let argument = self.source.core(args[0]);
                    self.problem(argument, "unknown-name", message, help)
                }
                None => self.refused_function(span, name),
            };
        }
        if self.names.call(name, "").is_some() {
            let help = format!("as in {name}('first_value')");
            return self.problem(span, "not-allowed", format!("{name} takes one text in single quotes"), Some(help));
        }
        self.refused_function(span, name)
    }

    /// A function of this module. Without a span it stands around its one argument.
    pub(super) fn call(&mut self, name: &str, span: Option<Range<usize>>, args: &[&Expr]) -> Option<Node> {
        let Signature { function, takes, least, most, gives } = find(name)?;
        let nodes: Vec<_> = args.iter().map(|arg| self.node(arg)).collect();
        let around = || match nodes.first() {
            Some(Some(node)) => self.source.closed(self.source.before(node.span.clone(), 2)),
            _ => 0..0,
        };
        let span = span.unwrap_or_else(around);
        if args.len() < least || args.len() > most {
            let takes = match (least, most) {
                (1, 1) => "1 argument".to_owned(),
                (least, usize::MAX) => format!("at least {least} argument"),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            return self.problem(span, "not-allowed", format!("{name} takes {takes}, not {}", args.len()), None);
        }
        let mut nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        let variable = match takes {
            Some(kind) => {
                let typed: Vec<_> = nodes.into_iter().map(|node| self.typed(node, kind, name)).collect();
                nodes = typed.into_iter().collect::<Option<_>>()?;
                None
            }
            None => {
                self.same_kind(&mut nodes, "mix")?;
                nodes.iter().find_map(|node| node.variable)
            }
        };
        let kind = gives.unwrap_or_else(|| self.types.kind(&nodes[0]));
        let node = Node::new(span, kind, Form::Call(function, nodes));
        self.count(Node { variable, ..node })
    }

    /// CEIL and FLOOR, which the parser knows by themselves.
    pub(super) fn rounding(&mut self, name: &str, of: &Expr, field: &CeilFloorKind) -> Option<Node> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => self.call(name, None, &[of]),
            _ => self.problem(self.source.core(of), "not-allowed", format!("{name} takes 1 argument"), None),
        }
    }

    pub(super) fn case(&mut self, expr: &Expr, operand: Option<&Expr>, branches: &[CaseWhen], otherwise: Option<&Expr>) -> Option<Node> {
        let span = self.source.core(expr);
        let operand = operand.map(|operand| self.node(operand));
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for branch in branches {
            let when = self.node(&branch.condition);
            conditions.push(match (&operand, when) {
                (None, Some(when)) => self.condition(when, "WHEN"),
                (Some(Some(operand)), Some(when)) => self.compare_copy(operand, when),
                _ => None,
            });
            results.push(self.node(&branch.result));
        }
        results.push(match otherwise {
            Some(otherwise) => self.node(otherwise),
            None => self.constant(span.end..span.end, Value::Null),
        });
        let conditions: Vec<Node> = conditions.into_iter().collect::<Option<_>>()?;
        let mut results: Vec<Node> = results.into_iter().collect::<Option<_>>()?;
        self.same_kind(&mut results, "mix")?;
        let kind = results.iter().map(|node| self.types.kind(node)).find(|kind| *kind != Kind::Any).unwrap_or(Kind::Any);
        let variable = results.iter().find_map(|node| node.variable);
        let otherwise = results.pop()?;
        let mut nodes: Vec<Node> = conditions.into_iter().zip(results).flat_map(|(condition, result)| [condition, result]).collect();
        nodes.push(otherwise);
        let node = Node::new(span, kind, Form::Case(nodes));
        self.count(Node { variable, ..node })
    }

    /// `CASE x WHEN y` compares a copy of x, which counts as if it had been written again.
    fn compare_copy(&mut self, operand: &Node, when: Node) -> Option<Node> {
        if !self.counted(operand.size()) {
            return None;
        }
        let mut pair = [operand.clone(), when];
        self.same_kind(&mut pair, "compare")?;
        let span = pair[1].span.clone();
        self.count(Node::new(span, Kind::Bool, Form::Compare(Test::EQ, Box::new(pair))))
    }

    pub(super) fn cast(&mut self, expr: &Expr, of: &Expr, data_type: &DataType) -> Option<Node> {
        let node = self.node(of)?;
        let span = match expr {
            Expr::Cast { kind: CastKind::DoubleColon, .. } => self.source.after(node.span.clone(), 2),
            _ => self.source.closed(self.source.before(node.span.clone(), 2)),
        };
        let to = match data_type.to_string().to_lowercase().as_str() {
            "number" | "double" | "double precision" | "float" | "float8" | "real" | "numeric" | "decimal" => Kind::Number,
            "text" | "varchar" | "string" | "char varying" => Kind::Text,
            "bool" | "boolean" => Kind::Bool,
            other => {
                let help = match other {
                    "date" | "timestamp" | "datetime" => "a literal is written DATE '2025-06-01' or TIMESTAMP '2025-06-01 14:30:00'",
                    _ => "CAST makes number, text or bool; all numbers are 64-bit floats",
                };
                return self.problem(span, "not-allowed", format!("there is no CAST to {other}"), Some(help.into()));
            }
        };
        let from = match self.types.kind(&node) {
            Kind::Any => {
                self.types.bind(&node, Kind::Text);
                Kind::Text
            }
            from => from,
        };
        match (from, to) {
            (Kind::Number | Kind::Text | Kind::Bool, _) if (from, to) != (Kind::Number, Kind::Bool) => {
                self.count(Node::new(span, to, Form::Cast(Box::new(node))))
            }
            _ => {
                let message = format!("cannot turn {} ({from}) into {}", self.written(&node), a(to));
                let help = (from == Kind::Number).then(|| format!("compare it: {} <> 0", self.written(&node)));
                self.problem(span, "type-mismatch", message, help)
            }
        }
    }

    pub(super) fn nearest_function(&self, name: &str) -> Option<String> {
        nearest(name, NAMES.into_iter().chain(ROW_FUNCTIONS)).map(|near| format!("did you mean {near}?"))
    }
}
