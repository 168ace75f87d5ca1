//! Types that follow from use: variables for what is not known yet, and what has been learnt about them.

use std::collections::BTreeMap;

use super::tree::Node;
use crate::value::Kind;

/// What is known about the types that are not declared.
#[derive(Default)]
pub struct Types {
    bindings: Vec<Binding>,
    columns: BTreeMap<u32, usize>,
}

#[derive(Clone, Copy)]
enum Binding {
    Free,
    Known(Kind),
    Same(usize),
}

impl Types {
    /// A new variable, of which nothing is known.
    pub fn variable(&mut self) -> usize {
        self.bindings.push(Binding::Free);
        self.bindings.len() - 1
    }

    /// The variable of a column: one for all its uses.
    pub fn column(&mut self, slot: u32) -> usize {
        match self.columns.get(&slot) {
            Some(variable) => *variable,
            None => {
                let variable = self.variable();
                self.columns.insert(slot, variable);
                variable
            }
        }
    }

    fn root(&self, mut variable: usize) -> usize {
        while let Binding::Same(next) = self.bindings[variable] {
            variable = next;
        }
        variable
    }

    fn known(&self, variable: usize) -> Kind {
        match self.bindings[self.root(variable)] {
            Binding::Known(kind) => kind,
            _ => Kind::Any,
        }
    }

    /// The type of a node, as far as it is known now.
    pub fn kind(&self, node: &Node) -> Kind {
        match (node.kind, node.variable) {
            (Kind::Any, Some(variable)) => self.known(variable),
            (kind, _) => kind,
        }
    }

    /// The node, of unknown type, has been used as this type.
    pub fn bind(&mut self, node: &Node, kind: Kind) {
        if let Some(variable) = node.variable {
            let root = self.root(variable);
            self.bindings[root] = Binding::Known(kind);
        }
    }

    /// Two nodes of unknown type have the same one.
    pub fn unify(&mut self, a: &Node, b: &Node) {
        if let (Some(a), Some(b)) = (a.variable, b.variable) {
            let (a, b) = (self.root(a), self.root(b));
            if a != b {
                self.bindings[b] = Binding::Same(a);
            }
        }
    }

    /// Settles every node's type: a column about which nothing is known is text. Gives the columns' types.
    pub fn settle(&mut self, root: &mut Node) -> Vec<(u32, Kind)> {
        for &variable in self.columns.values() {
            let variable = self.root(variable);
            if let Binding::Free = self.bindings[variable] {
                self.bindings[variable] = Binding::Known(Kind::Text);
            }
        }
        root.visit_mut(&mut |node| node.kind = self.kind(node));
        self.columns.iter().map(|(slot, variable)| (*slot, self.known(*variable))).collect()
    }
}
