//! Our evaluator and DataFusion's give the same values, for random expressions over random rows.
//!
//! DataFusion evaluates the same text over an Arrow batch, but for what docs/reference/expressions.md defines otherwise: literals are
//! floats, and what has no finite result is NULL (`finite`). Functions of numbers are left out: our build of DataFusion has none.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type, TimeUnit};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use proptest::prelude::*;

use super::{Row, compile, config};
use crate::condition::{Column, Program, Rows, Scratch};
use crate::time::{DAY, Day, Instant};
use crate::value::{Kind, Value};

const NOW: i64 = 20_000 * DAY + 1;
const COLUMNS: [(&str, Kind); 11] = [
    ("n0", Kind::Number),
    ("n1", Kind::Number),
    ("n2", Kind::Number),
    ("t0", Kind::Text),
    ("t1", Kind::Text),
    ("b0", Kind::Bool),
    ("b1", Kind::Bool),
    ("s0", Kind::Time),
    ("s1", Kind::Time),
    ("d0", Kind::Date),
    ("d1", Kind::Date),
];

/// An expression as we and as DataFusion write it.
type Pair = (String, String);
type Pairs = BoxedStrategy<Pair>;

fn same(text: impl Into<String>) -> Pair {
    let text = text.into();
    (text.clone(), text)
}

/// The template with each `{}` replaced by the next part, on both sides.
fn fill(template: &str, parts: &[Pair]) -> Pair {
    let side = |of: &dyn Fn(&Pair) -> String| {
        let mut pieces = template.split("{}");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.zip(parts).fold(first, |text, (piece, part)| text + &of(part) + piece)
    };
    (side(&|part| part.0.clone()), side(&|part| part.1.clone()))
}

fn one_of(texts: &'static [&'static str]) -> Pairs {
    prop::sample::select(texts).prop_map(same).boxed()
}

fn three(x: &Pairs) -> [Pairs; 3] {
    [x.clone(), x.clone(), x.clone()]
}

fn template(templates: &'static [&'static str], parts: [Pairs; 3]) -> Pairs {
    let [a, b, c] = parts;
    (prop::sample::select(templates), a, b, c).prop_map(|(t, a, b, c)| fill(t, &[a, b, c])).boxed()
}

/// The forms that exist for every type.
fn choices(x: &Pairs, depth: u32) -> Pairs {
    let logic = logic(depth - 1);
    prop_oneof![
        template(&["coalesce({}, {}, {})", "greatest({}, {}, {})", "least({}, {})", "nullif({}, {})", "greatest({})"], three(x)),
        template(&["CASE WHEN {} THEN {} ELSE {} END", "CASE WHEN {} THEN {} END"], [logic, x.clone(), x.clone()]),
        template(&["CASE {} WHEN {} THEN {} END"], three(x)),
    ]
    .boxed()
}

fn number(depth: u32) -> Pairs {
    let literal = prop::sample::select(&[0.0, 1.0, 2.0, 3.0, 0.5, 1e300, 10.0]).prop_map(|x: f64| (x.to_string(), format!("{x:?}")));
    let leaf = prop_oneof![one_of(&["n0", "n1", "n2"]), literal].boxed();
    if depth == 0 {
        return leaf;
    }
    let x = number(depth - 1);
    let arithmetic = (prop::sample::select(&['+', '-', '*', '/', '%']), x.clone(), x.clone());
    prop_oneof![
        2 => leaf,
        3 => arithmetic.prop_map(|(op, (a, c), (b, d))| (format!("({a} {op} {b})"), format!("finite({c} {op} {d})"))),
        1 => x.clone().prop_map(|(a, b)| (format!("(- {a})"), format!("finite(- {b})"))),
        1 => text(depth - 1).prop_map(|(a, b)| (format!("length({a})"), format!("finite(CAST(length({b}) AS DOUBLE))"))),
        1 => logic(depth - 1).prop_map(|(a, b)| (format!("CAST({a} AS number)"), format!("CAST({b} AS DOUBLE)"))),
        1 => choices(&x, depth),
    ]
    .boxed()
}

fn text(depth: u32) -> Pairs {
    let leaf = one_of(&["t0", "t1", "'a'", "'B'", "''", "'ä b'", "'%'"]);
    if depth == 0 {
        return leaf;
    }
    let x = text(depth - 1);
    prop_oneof![
        2 => leaf,
        3 => template(&["lower({})", "upper({})", "trim({})", "({} || {})", "concat({}, {}, {})"], three(&x)),
        1 => choices(&x, depth),
    ]
    .boxed()
}

fn time(depth: u32) -> Pairs {
    let leaf = one_of(&["s0", "s1", "TIMESTAMP '2024-10-04'", "TIMESTAMP '2024-10-05T00:00:00.000001Z'"]);
    if depth == 0 {
        return leaf;
    }
    let x = time(depth - 1);
    prop_oneof![
        2 => leaf,
        2 => template(&["({} + INTERVAL '1 day')", "({} - INTERVAL '36 hours')", "(INTERVAL '2 days' + {})"], three(&x)),
        1 => choices(&x, depth),
    ]
    .boxed()
}

fn date(depth: u32) -> Pairs {
    let leaf = one_of(&["d0", "d1", "DATE '2024-10-04'"]);
    if depth == 0 { leaf } else { prop_oneof![2 => leaf, 1 => choices(&date(depth - 1), depth)].boxed() }
}

fn logic(depth: u32) -> Pairs {
    let leaf = one_of(&["b0", "b1", "true", "false"]);
    if depth == 0 {
        return leaf;
    }
    let compared = |x: fn(u32) -> Pairs| {
        let two = &[
            "({} = {})",
            "({} <> {})",
            "({} < {})",
            "({} <= {})",
            "({} > {})",
            "({} >= {})",
            "({} IS DISTINCT FROM {})",
            "({} IS NOT DISTINCT FROM {})",
        ];
        let three = &["({} BETWEEN {} AND {})", "({} NOT BETWEEN {} AND {})", "({} IS NULL)", "({} IS NOT NULL)"];
        let list = &["({} IN ({}, {}))", "({} NOT IN ({}, {}))", "({} IN ({}, NULL))", "({} IN ({}))"];
        let deep = x(depth - 1);
        prop_oneof![
            4 => template(two, [deep.clone(), deep.clone(), deep.clone()]),
            1 => template(three, [deep.clone(), deep.clone(), deep.clone()]),
            // DataFusion 55.2 finds '' = CASE … true and '' IN ('a', CASE …) false: its lists hold columns and literals only.
            1 => template(list, [deep, x(0), x(0)]),
        ]
        .boxed()
    };
    let (x, t) = (logic(depth - 1), text(depth - 1));
    let pattern = prop::collection::vec(prop::sample::select(&["a", "B", "ä", "%", "_", "\\%", " "]), 0..4)
        .prop_map(|parts| same(format!("'{}'", parts.concat())));
    let nows = &[
        "({} < now + INTERVAL '1 day')",
        "(now - INTERVAL '2 days' >= {})",
        "({} BETWEEN now AND {})",
        "(now = {})",
        "({} IS DISTINCT FROM now)",
    ];
    prop_oneof![
        1 => leaf,
        2 => compared(number),
        1 => compared(text),
        1 => compared(time),
        1 => compared(date),
        1 => compared(logic),
        1 => template(nows, [time(depth - 1), time(depth - 1), time(depth - 1)]),
        1 => template(&["({} LIKE {})", "({} NOT LIKE {})", "({} ILIKE {})", "({} NOT ILIKE {})"], [t.clone(), pattern.boxed(), t.clone()]),
        1 => template(&["starts_with({}, {})", "ends_with({}, {})", "contains({}, {})"], [t.clone(), t.clone(), t]),
        3 => template(&["({} AND {})", "({} OR {})", "({} AND {} AND {})", "({} OR {} OR {})", "(NOT {})"], three(&x)),
        1 => template(&["({} IS TRUE)", "({} IS NOT TRUE)", "({} IS FALSE)", "({} IS NOT FALSE)"], three(&x)),
        1 => choices(&x, depth).prop_filter("an order of bools is not used", |(a, _)| !a.contains("greatest") && !a.contains("least")),
    ]
    .boxed()
}

fn value(kind: Kind) -> BoxedStrategy<Value> {
    let known = match kind {
        Kind::Number => prop::sample::select(&[0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -2.5, 1e300, 1e-300]).prop_map(Value::Number).boxed(),
        Kind::Text => prop::sample::select(&["", "a", "A", "B", "b", "ä", "Ä b", " a ", "%", "aB", "ba"]).prop_map(Value::text).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Time => prop::sample::select(&[0, 1, -1, DAY, -DAY, 2 * DAY]).prop_map(|us| Value::Time(Instant(NOW + us))).boxed(),
        _ => (19_999..20_003i32).prop_map(|day| Value::Date(Day(day))).boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 3 => known].boxed()
}

fn rows() -> impl Strategy<Value = Vec<Vec<Value>>> {
    let row: Vec<_> = COLUMNS.iter().map(|(_, kind)| value(*kind)).collect();
    prop::collection::vec(row, 12)
}

fn batch(rows: &[Vec<Value>]) -> Result<RecordBatch, DataFusionError> {
    let mut columns: Vec<(&str, ArrayRef)> = COLUMNS
        .iter()
        .enumerate()
        .map(|(slot, (name, kind))| {
            let values = rows.iter().map(|row| &row[slot]);
            let array: ArrayRef = match kind {
                Kind::Number => Arc::new(values.map(Value::as_number).collect::<Float64Array>()),
                Kind::Text => Arc::new(values.map(Value::as_text).collect::<StringArray>()),
                Kind::Bool => Arc::new(values.map(Value::as_bool).collect::<BooleanArray>()),
                Kind::Time => {
                    Arc::new(values.map(|v| if let Value::Time(t) = v { Some(t.0) } else { None }).collect::<TimestampMicrosecondArray>())
                }
                _ => Arc::new(values.map(|v| if let Value::Date(d) = v { Some(d.0) } else { None }).collect::<Date32Array>()),
            };
            (*name, array)
        })
        .collect();
    columns.push(("now", Arc::new(TimestampMicrosecondArray::from(vec![NOW; rows.len()]))));
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))?)
}

/// DataFusion, with `finite`: NULL for what is not finite, and no negative zero (Arrow takes -0 for less than 0).
fn datafusion() -> SessionContext {
    let finite = |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let numbers = arrays[0].as_primitive::<Float64Type>();
        let finite: Float64Array = numbers.iter().map(|x| x.filter(|x| x.is_finite()).map(|x| x + 0.0)).collect();
        Ok(ColumnarValue::Array(Arc::new(finite)))
    };
    let context = SessionContext::new();
    // Volatile: a constant is not folded, which would hand over an array where a scalar is expected.
    context.register_udf(create_udf("finite", vec![DataType::Float64], DataType::Float64, Volatility::Volatile, Arc::new(finite)));
    context
}

fn theirs(context: &SessionContext, sql: &str, batch: &RecordBatch) -> Result<Vec<Value>, DataFusionError> {
    let schema = DFSchema::try_from(batch.schema())?;
    let expr = context.parse_sql_expr(sql, &schema)?;
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::new(schema.clone())).build());
    let expr = simplifier.coerce(expr, &schema)?;
    let expr = simplifier.simplify(expr)?;
    let physical = context.create_physical_expr(expr, &schema)?;
    let array = physical.evaluate(batch)?.into_array(batch.num_rows())?;
    let rows = 0..batch.num_rows();
    Ok(match array.data_type() {
        DataType::Float64 => rows
            .map(|i| array.is_valid(i).then(|| Value::Number(array.as_primitive::<Float64Type>().value(i))))
            .map(Option::unwrap_or_default)
            .collect(),
        DataType::Boolean => array.as_boolean().iter().map(|b| b.map_or(Value::Null, Value::Bool)).collect(),
        DataType::Date32 => array.as_primitive::<Date32Type>().iter().map(|d| d.map_or(Value::Null, |d| Value::Date(Day(d)))).collect(),
        DataType::Timestamp(..) => {
            let micros = datafusion::arrow::compute::cast(&array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let micros = micros.as_primitive::<datafusion::arrow::datatypes::TimestampMicrosecondType>();
            micros.iter().map(|t| t.map_or(Value::Null, |t| Value::Time(Instant(t)))).collect()
        }
        DataType::Null => vec![Value::Null; batch.num_rows()],
        _ => {
            let texts = datafusion::arrow::compute::cast(&array, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().map(|t| t.map_or(Value::Null, Value::text)).collect()
        }
    })
}

fn agree(context: &SessionContext, (sql, other): &Pair, rows: &[Vec<Value>]) -> Result<(), TestCaseError> {
    let program = match compile(sql, &mut Row::new(&COLUMNS), None) {
        Ok(program) => program,
        Err(problems) if problems.iter().all(|p| p.code == "too-large") => return Ok(()),
        Err(problems) => return Err(TestCaseError::fail(format!("{sql}: {problems:?}"))),
    };
    let batch = batch(rows).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let expected = theirs(context, other, &batch).map_err(|e| TestCaseError::fail(format!("{other}: {e}")))?;
    for (row, expected) in rows.iter().zip(expected) {
        let found = program.eval(row, Instant(NOW));
        prop_assert!(found.same(&expected), "{sql}\n{other}\n{row:?}\nours {found}, DataFusion's {expected}");
        prop_assert_eq!(program.holds(row, Instant(NOW)), found.as_bool() == Some(true));
    }
    in_columns(&program, rows)
}

/// Over columns a program gives what it gives row by row, wherever the rows lie in them.
fn in_columns(program: &Program, rows: &[Vec<Value>]) -> Result<(), TestCaseError> {
    let mut columns: Vec<Column> = COLUMNS.iter().map(|(_, kind)| Column::new(*kind)).collect();
    for (slot, column) in columns.iter_mut().enumerate() {
        column.resize(rows.len());
        // Written twice: what stood there before leaves no trace.
        rows.iter().rev().chain(rows).enumerate().for_each(|(i, row)| column.set(i % rows.len(), &row[slot]));
    }
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    for (from, len) in [(0, rows.len()), (rows.len() / 2, rows.len() - rows.len() / 2), (1, 3)] {
        let part = Rows { from, len, shared: &[], columns: &columns };
        program.over(&part, Instant(NOW), &mut scratch, &mut out);
        for (i, row) in rows[from..from + len].iter().enumerate() {
            let expected = program.eval(row, Instant(NOW));
            prop_assert!(program.eval_at(&part, i, Instant(NOW), &mut scratch).same(&expected), "{}", program.sql());
            let found = match program.kind() {
                _ if out[i].is_nan() => Value::Null,
                Kind::Bool => Value::Bool(out[i] == 1.0),
                _ => Value::Number(out[i]),
            };
            if matches!(program.kind(), Kind::Bool | Kind::Number) {
                prop_assert!(found.same(&expected), "{}\n{row:?}\nin columns {found}, else {expected}", program.sql());
            }
        }
    }
    Ok(())
}

/// A value of any kind in any column: such a column holds plain values.
#[test]
fn columns_of_mixed_kinds() {
    let any = prop_oneof![4 => logic(3), 2 => number(3)];
    let strange = prop::collection::vec((0..12usize, 0..COLUMNS.len(), prop::sample::select(COLUMNS.map(|c| c.1).to_vec())), 0..4)
        .prop_flat_map(|all| all.into_iter().map(|(row, slot, kind)| (Just(row), Just(slot), value(kind))).collect::<Vec<_>>());
    let result = prop::test_runner::TestRunner::new(config(1_000, 12)).run(&(any, rows(), strange), |((sql, _), mut rows, strange)| {
        strange.into_iter().for_each(|(row, slot, value)| rows[row][slot] = value);
        match compile(&sql, &mut Row::new(&COLUMNS), None) {
            Ok(program) => in_columns(&program, &rows),
            Err(_) => Ok(()),
        }
    });
    assert!(result.is_ok(), "{}", result.err().map_or(String::new(), |e| e.to_string()));
}

/// The forms that DataFusion is not asked for, and that read one text.
#[test]
fn columns_of_functions() {
    let forms = [
        "abs(n0) > 1",
        "round(n0 / 3, 1)",
        "power(n0, 2) - n1",
        "sqrt(n0)",
        "length(t0) > 1",
        "lower(t0) LIKE 'a%'",
        "t0 IN ('a', 'B')",
        "t0 NOT IN ('a', NULL)",
        "upper(t0) || t1",
        "concat(t0, 'x') = 'ax'",
        "CAST(n0 AS text) = '1'",
        "CAST(b0 AS double) + n0",
        "t0 IS NULL",
        "s0 IS NOT NULL",
        "d0 IS NULL AND n0 IS NULL",
        "s0 + INTERVAL '1 day' > s1",
        "d0 - d1 > 1",
        "s0 < now",
        "now - s0 > INTERVAL '1 hour'",
        "greatest(n0, n1) = n2",
        "CASE WHEN b0 THEN n0 ELSE n1 END",
        "coalesce(t0, t1) = 'a'",
        "t0 <> t1",
        "(b0 = b1) IS NOT FALSE",
        "b0 IS TRUE",
        "contains(t0, 'a') OR starts_with(t1, 'b')",
        "t0 = 'nobody'",
        "t0 <> 'a'",
    ];
    let result =
        prop::test_runner::TestRunner::new(config(1_000, 13)).run(&(prop::sample::select(forms.to_vec()), rows()), |(sql, rows)| {
            let program = compile(sql, &mut Row::new(&COLUMNS), None).map_err(|e| TestCaseError::fail(format!("{sql}: {e:?}")))?;
            in_columns(&program, &rows)
        });
    assert!(result.is_ok(), "{}", result.err().map_or(String::new(), |e| e.to_string()));
}

#[test]
fn equal_to_datafusion() {
    let context = datafusion();
    let any_kind = prop_oneof![4 => logic(3), 2 => number(3), 1 => text(3), 1 => time(2), 1 => date(2)];
    let result =
        prop::test_runner::TestRunner::new(config(1_500, 11)).run(&(any_kind, rows()), |(pair, rows)| agree(&context, &pair, &rows));
    assert!(result.is_ok(), "{}", result.err().map_or(String::new(), |e| e.to_string()));
}
