//! Replies that are lost, doubled, late or made up, by a seed: a rule each, at replies that the seed chooses.

use std::sync::Mutex;

/// What may stray into a conversation.
const UNASKED: [&[u8]; 8] = [
    b"200 unasked\r\n",
    b"250 unasked\r\n",
    b"226 unasked\r\n",
    b"227 unasked (127,0,0,1,0,9)\r\n",
    b"150 unasked\r\n",
    b"350 unasked\r\n",
    b"500 unasked\r\n",
    b"550 unasked\r\n",
];

/// What happens to one reply.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost,
    Twice,
    /// It comes behind the next one.
    Late,
    Behind(&'static [u8]),
    Before(&'static [u8]),
}

/// Which replies of a server meet a fault.
#[derive(Debug)]
pub(super) struct Disorder {
    faults: Vec<(usize, Fault)>,
    /// Replies so far, over all sessions.
    seen: Mutex<usize>,
}

impl Disorder {
    /// One fault or two among the first `replies`.
    pub(super) fn new(seed: u64, replies: usize) -> Self {
        let mut dice = Dice(seed);
        let faults = (0..=dice.below(2)).map(|_| (dice.below(replies), dice.fault()));
        Self {
            faults: faults.collect(),
            seen: Mutex::new(0),
        }
    }

    /// What goes out in place of a reply, in one write. `late` is what this session still owes.
    pub(super) fn instead(&self, reply: &[u8], late: &mut Vec<u8>) -> Vec<u8> {
        let at = {
            let mut seen = self.seen.lock().unwrap();
            *seen += 1;
            *seen - 1
        };
        let owed = std::mem::take(late);
        let fault = self.faults.iter().find(|(place, _)| *place == at);
        let sent = match fault.map(|(_, fault)| *fault) {
            None => reply.to_vec(),
            Some(Fault::Lost) => Vec::new(),
            Some(Fault::Twice) => reply.repeat(2),
            Some(Fault::Late) => {
                *late = reply.to_vec();
                Vec::new()
            }
            Some(Fault::Before(text)) => [text, reply].concat(),
            Some(Fault::Behind(text)) => [reply, text].concat(),
        };
        [sent, owed].concat()
    }
}

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % sides).unwrap()
    }

    fn fault(&mut self) -> Fault {
        let text = UNASKED[self.below(UNASKED.len())];
        match self.below(5) {
            0 => Fault::Lost,
            1 => Fault::Twice,
            2 => Fault::Late,
            3 => Fault::Behind(text),
            _ => Fault::Before(text),
        }
    }
}
