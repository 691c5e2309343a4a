//! What must come before what, as a plain data structure: order, cycles, reachability.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// A graph of `0..len` nodes; an edge leads from a node to one that it needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    needs: Vec<Vec<usize>>,
}

impl Graph {
    /// A graph in which node `i` needs `needs[i]`. Needs beyond the last node are left out.
    pub(super) fn new(mut needs: Vec<Vec<usize>>) -> Graph {
        let len = needs.len();
        for edges in &mut needs {
            edges.retain(|&need| need < len);
            edges.sort_unstable();
            edges.dedup();
        }
        Graph { needs }
    }

    /// What a node needs directly.
    pub(super) fn needs(&self, node: usize) -> &[usize] {
        &self.needs[node]
    }

    /// All nodes so that each comes after all that it needs; of those that could come next, the lowest first.
    ///
    /// The error is one shortest cycle: each needs the next, and the last needs the first.
    pub(super) fn order(&self) -> Result<Vec<usize>, Vec<usize>> {
        let (order, open) = self.free();
        if order.len() == open.len() {
            return Ok(order);
        }
        Err(self.cycle(&open))
    }

    /// The same for those nodes that neither stand in a circle nor need one that does; and what each node still lacks.
    pub(super) fn free(&self) -> (Vec<usize>, Vec<usize>) {
        let mut open: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let dependents = self.dependents();
        let free = (0..open.len()).filter(|&node| open[node] == 0);
        let mut ready: BinaryHeap<Reverse<usize>> = free.map(Reverse).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(Reverse(node)) = ready.pop() {
            order.push(node);
            for &dependent in &dependents[node] {
                open[dependent] -= 1;
                if open[dependent] == 0 {
                    ready.push(Reverse(dependent));
                }
            }
        }
        (order, open)
    }

    /// One circle for each set of nodes that all need each other: a shortest one through the set's first node, each node
    /// needing the next.
    pub(super) fn circles(&self) -> Vec<Vec<usize>> {
        let sets = self.sets();
        let mut known = vec![false; sets.len()];
        let firsts =
            (0..sets.len()).filter(|&node| !std::mem::replace(&mut known[sets[node]], true));
        firsts
            .filter_map(|first| self.circle_through(first, &sets))
            .collect()
    }

    fn circle_through(&self, first: usize, sets: &[usize]) -> Option<Vec<usize>> {
        let mut from: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([first]);
        while let Some(node) = queue.pop_front() {
            for &need in self.needs(node) {
                if need == first {
                    let back = std::iter::successors(Some(node), |at| from.get(at).copied());
                    let mut circle: Vec<usize> = back.collect();
                    circle.reverse();
                    return Some(circle);
                }
                if sets[need] == sets[first] && !from.contains_key(&need) {
                    from.insert(need, node);
                    queue.push_back(need);
                }
            }
        }
        None
    }

    /// For each node the number of its set: those that need each other, directly or not, have the same. Every walk back
    /// from the node that was finished last, among those that are left, stays within one set.
    fn sets(&self) -> Vec<usize> {
        let dependents = self.dependents();
        let mut sets = vec![usize::MAX; self.needs.len()];
        for node in self.finished().into_iter().rev() {
            let mut stack = vec![node];
            while let Some(at) = stack.pop() {
                if sets[at] == usize::MAX {
                    sets[at] = node;
                    stack.extend(&dependents[at]);
                }
            }
        }
        sets
    }

    /// All nodes, each behind those that were first reached through it.
    fn finished(&self) -> Vec<usize> {
        let mut seen = vec![false; self.needs.len()];
        let mut finished = Vec::with_capacity(seen.len());
        for start in 0..seen.len() {
            let mut stack = Vec::new();
            if !std::mem::replace(&mut seen[start], true) {
                stack.push((start, 0));
            }
            while let Some((node, next)) = stack.last_mut() {
                let Some(&need) = self.needs[*node].get(*next) else {
                    finished.push(*node);
                    stack.pop();
                    continue;
                };
                *next += 1;
                if !std::mem::replace(&mut seen[need], true) {
                    stack.push((need, 0));
                }
            }
        }
        finished
    }

    /// All that a node needs, directly or not, sorted.
    pub(super) fn ancestors(&self, node: usize) -> Vec<usize> {
        let mut seen = vec![false; self.needs.len()];
        let mut found = Vec::new();
        let mut stack = vec![node];
        while let Some(next) = stack.pop() {
            for &need in &self.needs[next] {
                if !std::mem::replace(&mut seen[need], true) {
                    found.push(need);
                    stack.push(need);
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn dependents(&self) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.needs.len()];
        for (node, needs) in self.needs.iter().enumerate() {
            for &need in needs {
                dependents[need].push(node);
            }
        }
        dependents
    }

    /// Every node that is still open needs an open one, so walking on from any of them ends in a cycle.
    fn cycle(&self, open: &[usize]) -> Vec<usize> {
        let Some(mut node) = open.iter().position(|&count| count > 0) else {
            return Vec::new();
        };
        let mut at = vec![usize::MAX; open.len()];
        let mut path = Vec::new();
        while at[node] == usize::MAX {
            at[node] = path.len();
            path.push(node);
            let next = self.needs[node].iter().find(|&&need| open[need] > 0);
            let Some(&next) = next else {
                return Vec::new();
            };
            node = next;
        }
        let mut cycle = path.split_off(at[node]);
        let lowest = (0..cycle.len()).min_by_key(|&at| cycle[at]).unwrap_or(0);
        cycle.rotate_left(lowest);
        cycle
    }
}

/// How many words of bits a node has: so many targets, times 64, are asked for at a time.
const WORDS: usize = 8;

/// Tells whether pairs of nodes are ordered by edges, direct or not. `order` is the graph's own.
///
/// A full matrix takes n² bits (100 MB for 30,000 steps); here only nodes that are asked for have bits, 512 of them at a time.
pub(super) fn ordered(graph: &Graph, order: &[usize], pairs: &[(usize, usize)]) -> Vec<bool> {
    let mut position = vec![0; order.len()];
    for (at, &node) in order.iter().enumerate() {
        position[node] = at;
    }
    let mut answers = vec![false; pairs.len()];
    let mut directed: Vec<(usize, usize, usize)> = Vec::new();
    for (at, &(a, b)) in pairs.iter().enumerate() {
        // Only the later of two can need the earlier one.
        let (early, late) = if position[a] > position[b] {
            (b, a)
        } else {
            (a, b)
        };
        // Most edges are direct ones.
        if graph.needs(late).binary_search(&early).is_ok() {
            answers[at] = true;
        } else {
            directed.push((early, late, at));
        }
    }
    directed.sort_unstable();
    let mut targets: Vec<usize> = directed.iter().map(|&(early, ..)| early).collect();
    targets.dedup();
    let mut rest = directed.as_slice();
    for chunk in targets.chunks(WORDS * 64) {
        let above = above(graph, order, chunk);
        let last = chunk.last().copied().unwrap_or_default();
        let (these, others) = rest.split_at(rest.partition_point(|&(early, ..)| early <= last));
        let mut bit = 0;
        for &(early, late, at) in these {
            while chunk[bit] != early {
                bit += 1;
            }
            answers[at] = above[late][bit / 64] >> (bit % 64) & 1 == 1;
        }
        rest = others;
    }
    answers
}

/// Which of `targets` each of `nodes` needs, directly or not, in the order of `targets`, which must be sorted.
pub(super) fn needed(
    graph: &Graph,
    order: &[usize],
    nodes: &[usize],
    targets: &[usize],
) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); nodes.len()];
    if nodes.is_empty() {
        return found;
    }
    for chunk in targets.chunks(WORDS * 64) {
        let above = above(graph, order, chunk);
        for (found, &node) in found.iter_mut().zip(nodes) {
            let bits = chunk.iter().enumerate();
            let set = bits.filter(|(bit, _)| above[node][bit / 64] >> (bit % 64) & 1 == 1);
            found.extend(set.map(|(_, target)| *target));
        }
    }
    found
}

/// For every node, the bits of those of at most 512 sorted targets that it needs.
fn above(graph: &Graph, order: &[usize], chunk: &[usize]) -> Vec<[u64; WORDS]> {
    let mut above = vec![[0_u64; WORDS]; graph.needs.len()];
    for &node in order {
        let mut bits = [0; WORDS];
        for &need in graph.needs(node) {
            for (word, from) in bits.iter_mut().zip(above[need]) {
                *word |= from;
            }
            if let Ok(at) = chunk.binary_search(&need) {
                bits[at / 64] |= 1 << (at % 64);
            }
        }
        above[node] = bits;
    }
    above
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(edges: &[(usize, usize)], len: usize) -> Graph {
        let mut needs = vec![Vec::new(); len];
        for &(from, to) in edges {
            needs[from].push(to);
        }
        Graph::new(needs)
    }

    #[test]
    fn the_order_is_that_of_display_where_edges_leave_it_free() {
        assert_eq!(graph(&[(0, 2)], 4).order(), Ok(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_cycle_is_given_whole_and_alone() {
        let graph = graph(&[(0, 1), (1, 3), (3, 2), (2, 1), (4, 4)], 5);
        assert_eq!(graph.order(), Err(vec![1, 3, 2]));
        assert_eq!(super::tests::graph(&[(0, 0)], 1).order(), Err(vec![0]));
    }

    #[test]
    fn every_set_has_a_circle_and_no_node_beside_one() {
        let edges = [
            (0, 1),
            (1, 0),
            (2, 1),
            (3, 4),
            (4, 5),
            (5, 3),
            (5, 4),
            (6, 6),
            (7, 6),
        ];
        let expected = [vec![0, 1], vec![3, 4, 5], vec![6]];
        assert_eq!(graph(&edges, 8).circles(), expected);
        assert_eq!(
            graph(&[(1, 0), (2, 0), (2, 1)], 3).circles(),
            Vec::<Vec<usize>>::new()
        );
    }

    #[test]
    fn ancestors_are_found_through_others() {
        assert_eq!(graph(&[(3, 2), (2, 0)], 4).ancestors(3), [0, 2]);
    }

    proptest! {
        #[test]
        fn circles_are_those_of_ancestors(edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..20)) {
            let graph = graph(&edges, 12);
            let above: Vec<Vec<usize>> = (0..12).map(|node| graph.ancestors(node)).collect();
            let circles = graph.circles();
            for circle in &circles {
                for (at, node) in circle.iter().enumerate() {
                    prop_assert!(graph.needs(*node).contains(&circle[(at + 1) % circle.len()]));
                }
            }
            // Of each set its first node has a circle, and no other one.
            let first = |node: usize| above[node].contains(&node) && !(0..node).any(|other| above[node].contains(&other) && above[other].contains(&node));
            let firsts: Vec<usize> = (0..12).filter(|&node| first(node)).collect();
            let found: Vec<usize> = circles.iter().map(|circle| circle[0]).collect();
            prop_assert_eq!(found, firsts);
            prop_assert_eq!(graph.order().is_err(), !circles.is_empty());
        }

        #[test]
        fn orderedness_is_that_of_ancestors(edges in prop::collection::vec((1_usize..700, 0_usize..700), 0..900)) {
            let edges: Vec<_> = edges.into_iter().filter(|(from, to)| to < from).collect();
            let graph = graph(&edges, 700);
            let order = graph.order().unwrap();
            let pairs: Vec<_> = (0..700).map(|a| (a, (a * 31 + 7) % 700)).collect();
            let answers = ordered(&graph, &order, &pairs);
            for (&(a, b), answer) in pairs.iter().zip(answers) {
                let expected = graph.ancestors(a).contains(&b) || graph.ancestors(b).contains(&a);
                prop_assert_eq!(answer, expected);
            }
            let all: Vec<usize> = (0..700).collect();
            for (node, found) in needed(&graph, &order, &all, &all).into_iter().enumerate() {
                prop_assert_eq!(found, graph.ancestors(node));
            }
        }
    }
}
