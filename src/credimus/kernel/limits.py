"""Every bound in one place, with its unit and its reason; reaching one is a named outcome."""

BELIEF_BYTES_MAX = 1_024
"""UTF-8 bytes of a belief's content, of callers and in blocks alike. [seed]"""
EVIDENCE_COUNT_MAX = 10
"""Evidence items in one assertion. [seed]"""
EVIDENCE_BYTES_MAX = 1_024
"""UTF-8 bytes of one evidence item of our callers; code points of one in a block. [guess: as long
as a belief]"""
CATEGORY_BYTES_MAX = 64
"""Characters of a category name, all of them ASCII. [guess]"""
REASON_BYTES_MAX = 512
"""UTF-8 bytes of a reason that our callers give; code points of one in a block. [guess]"""
NAME_BYTES_MAX = 128
"""UTF-8 bytes of a name, address or kind of evidence of our callers; code points in a block.
[guess]"""
TTL_MS_MAX = 10 * 365 * 86_400_000
"""Ten years: the longest life that an assertion may ask for, in ms. [guess]"""

READERS_MAX = 1_024
"""Readers that one operation gives the key of an enclosed belief: 67 bytes each. [guess]"""
ENCLOSED_BYTES_MAX = 700
"""UTF-8 bytes of an enclosed belief or item of evidence: padded, closed and in base64 it fits where
open text does."""
ENCLOSED_REASON_BYTES_MAX = 319
"""UTF-8 bytes of a reason given on an enclosed belief, likewise."""
BOXES_TRIED_MAX = 64
"""Boxes for one key and reader that are tried, those of who asserts the belief first: 60 us each.
[guess]"""
SHIELD_BOXES_MAX = 512
"""Boxes in one shielded message, 67 bytes each. Where more keys are known a message has that of
whom it goes to, or so many by chance. [guess: 34 KB, an eighth of the greatest message]"""
SHIELDED_BYTES_MAX = 294_912
"""Bytes of a shielded message's closed part: with its boxes it fits one message of the links.
[guess: a block of the greatest size, enveloped]"""
SHIELD_KEYS_MAX = 16_384
"""Keys of others that were taken out of their boxes, kept; some 200 bytes each. [guess: several of
each member]"""
READINGS_KEPT = 16_384
"""Enclosed texts whose keys are kept in memory; others are found anew when asked for. [guess]"""

BLOCK_BYTES_MAX = 262_144
"""Bytes of one block on the wire; one transport message carries it whole. [guess]"""
BLOCK_OPERATIONS_MAX = 2_048
"""Operations in one block; keeps a Merkle path at 11 steps. [guess]"""
BLOCK_PARENTS_MAX = 64
"""Parents in one header; a node with more tips names the rest in its next block. [guess]"""
ELECTORATE_MEMBERS_MAX = 4_096
"""Members in one electorate, so that it fits a block: 18 to 25 bytes each. [guess]"""
WEIGHT_MAX = 1_000_000_000
"""Greatest weight of an elector; sums stay far below 2**63. [guess]"""
ROUND_TIMEOUT_MS_MAX = 86_400_000
"""One day: the longest voting timeout, in ms. [guess]"""
ATTEMPTS_MAX = 65_535
"""Rounds of one belief. [guess]"""
SEQUENCE_MAX = (1 << 48) - 1
"""Blocks of one author. [guess: a million a second for nine years]"""

SKEW_MS_MAX = 60_000
"""How far ahead of our wall clock a stamp may be, in ms. [guess: NTP keeps well below a second]"""

ORPHANS_MAX = 4_096
"""Blocks held while their parents are fetched; of the author who has most bytes there the oldest is
let go (and fetched again). [guess]"""
ORPHAN_BYTES_MAX = 16 * 1_048_576
"""Bytes of those blocks together. [guess]"""
BARRED_MAX = 4_096
"""Ids of blocks that can never be taken, kept so that neither they nor what follows them waits or
is read again; past it the oldest is forgotten. [guess]"""
WANTED_MAX = 512
"""Block ids in one request. [guess]"""
SUPPLY_BYTES_MAX = 196_608
"""Bytes of blocks in one answer; the asker asks again for the rest. [guess]"""
FRONTIER_HEADS_MAX = 4_096
"""Chain heads in one frontier: at 62 bytes each at most, so that a pull fits a message. [guess]"""
INBOX_MAX = 8_192
"""Messages waiting in a node's inbox; past it the newest is dropped and later pulled. [guess]"""
OPEN_OPERATIONS_MAX = 8_192
"""Operations waiting to be sealed; past it writes are refused as overloaded, normal ones past three
quarters of it, and those of low urgency past half. [guess]"""
WAITING_RECEIPTS_MAX = 65_536
"""Callers waiting for a verdict. [guess]"""
WATCHERS_MAX = 4_096
"""Callers waiting for copies of what they wrote; each is asked after every step. [guess]"""
EVALUATIONS_WAITING_MAX = 65_536
"""Questions that a node may be set to keep for slow evaluators; past it the oldest is let go.
[guess]"""
EVALUATIONS_AT_ONCE_MAX = 256
"""Slow evaluations that a node may be set to run at once. [guess]"""
CALLBACKS_RUNNING_MAX = 512
"""Calls of a callback that have not returned, those included that are waited for no more. [guess:
two for each evaluation at once]"""
EVALUATOR_ANSWER_BYTES_MAX = 16_384
"""Bytes of a webhook's answer, and of its head. [guess: a reason of 512 bytes, with room]"""
INQUIRY_ASSERTIONS_MAX = 32
"""Assertions that a callback or webhook is shown with a question. [guess: with ten items of
evidence each some 350 KiB]"""
RULES_MAX = 1_024
"""Rules in one file: each may be looked at for every belief. [guess]"""
FAULTS_MAX = 4_096
"""Pairs of peer and fault code that a node counts; further ones are told, not counted. [guess]"""
KEPT_GIVEN_MAX = 4_096
"""Blocks kept below a cut that a peer is given at once. [guess: more than members and electorates
of a large fleet]"""
CERTIFICATE_BYTES_MAX = 262_144
"""Bytes of a certificate: some hundred electors; the work of reading grows with their square.
[guess]"""
CERTIFICATE_READS_MAX = 65_536
"""Blocks read to make one certificate; past it what was not found counts as not held. [some 8,500
are read where 100 members vote on 256 beliefs that were proposed in one instant]"""
VOUCHES_KEPT = 16
"""Blocks of one member in which it vouches for others that are known of, the newest; certificates
of earlier verdicts show single admissions. [guess: of the last 64 that came]"""
CERTIFICATE_SEARCH_MAX = 1_024
"""Blocks of one chain read in search of one vote. [guess: votes come soon after their proposal]"""
PROOF_BYTES_MAX = 65_536
"""Bytes of a kept certificate, packed, as it passes between members. [as many as are kept]"""
PROOFS_GIVEN_PER_S = 32
"""Kept certificates that one member is given in a second; others it asks for are not looked for.
[guess: what a person's script asks for]"""
PROOFS_ASKED_MAX = 1_024
"""Questions for kept certificates that wait for an answer; the oldest is forgotten. [guess: 64
callers at once, 16 peers each]"""
SKILL_ANSWERS_MAX = 250_000
"""Answers that skill is worked out from, the newest; some 30 bytes and 5 us each. [guess]"""
TOKENS_MAX = 256
"""Tokens with scopes that one node keeps; past it new ones are refused. [guess]"""
ACTIONS_MAX = 10_000
"""Entries of a node's journal; past it the oldest goes. [guess: years of an operator's work]"""
STREAMS_MAX = 64
"""Callers of the stream of events at once; past it they are refused. [guess]"""
STREAM_BATCH_MAX = 64
"""Events written to a stream at once. [guess: some 25 KB]"""
LOG_ENTRIES_MAX = 20_000
"""Entries looked at for one page of the audit log. [guess: some 20 ms]"""
LOG_BLOCKS_MAX = 512
"""Blocks read for one page of the audit log; a page may end early because of it. [guess: some 20
ms]"""

CLAIMS_MAX = 8
"""Claims about members in one message: 47 bytes each, so that a probe stays below 1 KB. [guess]"""
ROWS_MAX = 4
"""Rows of reachability in one message. [guess: likewise]"""
ROW_MEMBERS_MAX = 256
"""Members of a roster whose reachability is told: 32 bytes a bitmap; larger fleets tell none.
[guess]"""
SMALL_FLEET_MAX = 12
"""Nodes of a small fleet: up to here each tells all others everything, and looks at all of them
again and again; above, what grows with the square of the nodes is spared. [guess]"""
RUMOURS_MAX = 1_024
"""Claims, or rows, that wait to be passed on; past it the one told most often goes. [guess]"""
PROBES_MAX = 64
"""Probes of one node under way at once; further checks wait. [guess]"""
PINGS_KEPT_MAX = 1_024
"""Unanswered pings that are remembered, so that late answers are measured. [guess]"""
ERRANDS_MAX = 256
"""Probes made for others at once; past it a request is not heard. [guess]"""
TRIPS_MAX = 16
"""Round-trip times kept of one peer. [guess: a percentile needs some, and old ones mislead]"""

NEIGHBOURS_MAX = 32
"""Neighbours of one node that settings, or a topology from outside, may ask for. [guess: more is no
overlay]"""
DIGEST_HEADS_MAX = 256
"""New heads that one digest names; past it the sums alone show the difference. [guess: 15 kB]"""
DIGEST_PEERS_MAX = 256
"""Peers of which a node remembers how their digests differ; the oldest is forgotten. [guess: eight
times as many as it may have neighbours]"""
PULLED_HEADS_MAX = 4_096
"""Heads of which a node remembers that it has asked somebody for them; past it they are asked of
several. [guess: as many as a frontier has]"""
PUSH_HOPS_MAX = 255
"""Hops that a pushed block counts; a tree of a thousand nodes is some ten deep. [guess]"""
ANNOUNCED_MAX = 4_096
"""Blocks in one announcement, graft or prune; and announced blocks that a node waits for: past it
the oldest is let go, and sync brings it. [guess]"""
SPREAD_BLOCKS_MAX = 4_096
"""Blocks that a node keeps at hand for its neighbours, and remembers not to pass on twice. [guess:
some seconds at full speed]"""
SPREAD_BYTES_MAX = 8 * 1_048_576
"""Bytes of those blocks; past it the oldest goes. [guess]"""
TREES_MAX = 4_096
"""Trees that a node remembers, one for each author and urgency; the oldest is begun anew. [guess]
"""
RELAY_PATH_MAX = 8
"""Nodes that a relayed message may pass. [guess: a fleet that needs more is not connected]"""
RELAY_BYTES_MAX = BLOCK_BYTES_MAX + 32_768
"""Bytes of the message inside a relayed one. [guess: a block of the greatest size, enveloped]"""
RELAYS_PER_SECOND_MAX = 64
"""Messages of one peer that a node relays in a second; past it they are let go. [guess]"""
RELAY_BYTES_PER_SECOND_MAX = 2 * 1_048_576
"""Bytes of those. [guess]"""
CONVERGENCE_KEPT_MAX = 1_000
"""Measurements kept of each urgency. [seed]"""
CONVERGENCE_WAITING_MAX = 1_024
"""Own blocks of which is not known yet that all hold them; past it the oldest is not measured.
[guess]"""
EVIDENCE_HEADER_BYTES_MAX = 128
"""Bytes of a header that is shown as evidence: in its longest form it has 108."""
EVIDENCE_LEAF_BYTES_MAX = 32_768
"""Bytes of an operation that is shown as evidence: a closing that lists the confidences of 4,096
electors has 22 KB."""
CAPABILITY_CATEGORIES_MAX = 64
"""Categories to which a member's capabilities are held. [guess]"""
LIMITED_CATEGORIES_MAX = 64
"""Categories in which a fleet may limit what its members state. [guess]"""
CATEGORY_PER_HOUR_MAX = 36_000_000
"""Greatest limit of the beliefs of a category that a member states in an hour: 10,000 a second.
[guess: beyond it the limit in units is the better one]"""
CATEGORY_BURST_MAX = 1_000_000
"""Greatest number of beliefs of a limited category that a member may state at once. [guess]"""
ADMISSION_QUORUM_MAX = 1_024
"""Members that a fleet may be founded to ask for before a newcomer counts. [guess]"""
ADMISSIONS_PER_DAY_MAX = 1_000_000
"""Greatest limit of admissions by one member in a day. [guess]"""
SUSPECTS_MAX = 1_024
"""Equivocations that wait to be proven by one node; past it further ones wait for the next sight
of them. [guess]"""
CUT_HEADS_MAX = 1_024
"""Chains in the cut of a checkpoint, and members that certify it; a fleet of more takes none.
[guess: at 80 bytes each an attestation fits a block]"""
CHECKPOINTS_TOLD_MAX = 64
"""Certified checkpoints whose record of what was let go stays in the state. [guess]"""
SNAPSHOT_BYTES_MAX = 1_073_741_824
"""Bytes of one snapshot that is fetched from a peer. [guess: some million beliefs]"""
SNAPSHOT_PART_BYTES_MAX = 196_608
"""Bytes of one part of a snapshot in one message. [guess: as an answer with blocks]"""
MESSAGE_BYTES_MAX = 32_768
"""Bytes of an application's message; a durable row and a transport message hold it. [guess]"""
MESSAGE_RESULT_BYTES_MAX = 4_096
"""Bytes of a result: receivers keep up to 128 of each sender. [guess]"""
ENVELOPE_BYTES_MAX = MESSAGE_BYTES_MAX + 256
"""Bytes that are signed of a message or an answer: beside the payload at most some 100."""
MESSAGE_TTL_MS_MIN = 1_000
"""The shortest time that a message may be tried, in ms. [guess]"""
MESSAGE_TTL_MS_MAX = 7 * 86_400_000
"""The longest, in ms: a week. [guess]"""
MESSAGE_RECEIVERS_MAX = 256
"""Receivers of one message. [guess]"""
MESSAGE_KEY_BYTES_MAX = 128
"""UTF-8 bytes of a caller's key. [guess: as of the keys of other writes]"""
IN_FLIGHT_MAX = 128
"""Messages of one sender to one receiver from the oldest that is not settled on; past it sending
is refused as overloaded. So many results a receiver keeps of a sender. [guess: 6,000 a second at
20 ms each]"""
OUTBOX_MESSAGES_MAX = 4_096
"""Messages that are not settled; past it sending is refused as overloaded. [guess]"""
OUTBOX_COPIES_MAX = 16_384
"""Copies of these, one for each receiver; likewise. [guess]"""
OUTBOX_BYTES_MAX = 32 * 1_048_576
"""Bytes of these messages together; likewise. [guess]"""
SETTLED_COPIES_MAX = 4_096
"""Copies of settled messages that are remembered, for their status and their keys; the oldest
messages go first. [guess]"""
UNFINISHED_MAX = 4_096
"""Messages that wait for the application; past it senders are told to try later. [guess]"""
UNFINISHED_BYTES_MAX = 32 * 1_048_576
"""Bytes of these together; likewise. [guess]"""
KEPT_ROWS_MAX = 49_152
"""Messages of exactly-once that one node has on disk for others, their results included; past it
senders are told to try later. [guess: below what the store takes, 300 senders at their bound]"""
REPLAY_WINDOW = 1_024
"""How far back numbers of messages of mode at-most-once are told apart; older ones are dropped.
[paper: RFC 4303, 3.4.3; at least 32 there]"""
EPISODES_MAX = 64
"""Splits that a node's diary keeps; the oldest goes first. [guess: some days of bad weather]"""
EPISODE_CHANGES_MAX = 128
"""Changed verdicts, and reconciliations, in one entry of the diary; further ones are counted.
[guess: at most 250 bytes each, so that an entry fits a stored fact]"""
EPISODE_MEMBERS_MAX = 128
"""Members named in one entry of the diary. [guess: likewise]"""
RECONCILED_BELIEFS_MAX = 256
"""Beliefs accepted during a split that are compared with each other; the newest. [guess: their
pairs take some 20 ms]"""
RECONCILIATIONS_WAITING_MAX = 1_024
"""Pairs of beliefs that a node may have to reconcile at once. [guess]"""
UNITS_PER_S_MAX = 100_000_000
"""What a fleet may be founded to let each member write, in units per second. [guess: far more than
a computer folds]"""
GUARDED_MAX = 4_096
"""Peers whose messages are counted one by one; past it the one known longest is forgotten. [guess:
as many as an electorate has members]"""
RATES_MAX = 4_096
"""Buckets of callers that one node keeps; past it the oldest is forgotten. [guess: sixteen for each
token]"""
TURN_MESSAGES_MAX = 256
"""Messages taken in one step, and one round of all senders; the rest waits for the next. [guess:
some 5 ms]"""
TURN_ROUNDS_MAX = 32
"""Messages of one sender taken in one step while more than twice as many wait: so what the others
send waits for few of a flooder's. [measured: at 256 the ninth decile of honest latency grew from 9
to 51 ms under a hail of messages of 20 us each]"""
TURN_BYTES_MAX = 262_144
"""Bytes of them, likewise. [guess: the greatest block]"""
INBOX_BYTES_MAX = 64 * BLOCK_BYTES_MAX
"""Bytes that wait in an inbox: 16 MiB, so that a flood can not fill the memory. [guess]"""
INBOX_FREE = 1_024
"""Messages that wait in an inbox before each sender is held to a share of the rest. [guess]"""
INBOX_SHARE_MAX = 512
"""Messages of one sender that wait beyond those; further ones are dropped. [guess: a sixteenth]"""
STATE_CLAIM_BYTES_MAX = 256
"""Bytes that are signed of a claim of a state: some 140."""
CHARGE_DETAIL_MAX = 256
"""Code points of what an accusation says in words. [guess: a line]"""
CHARGE_BYTES_MAX = 2_048
"""Bytes that are signed of an accusation: two claims and its detail are in it."""
STATE_CLAIMS_MAX = 8
"""Claims of its state that are kept of each member, and states of our own; the oldest goes. [guess:
a minute's]"""
STATE_CLAIM_BELIEFS_MAX = 20_000
"""Beliefs up to which a node computes the fingerprint of its state to claim it: some 40 ms. [guess:
a step should not take longer]"""
VIOLATIONS_MAX = 1_024
"""Pairs of member and kind of wrong of which a node keeps the history; past it the oldest goes.
[guess: all kinds of some eighty members]"""
ACCUSERS_MAX = 256
"""Accusers of one member for one kind that are counted; further ones are not. [guess: as many as
are more than can lie in a fleet of 750]"""
CHARGES_KEPT = 16
"""Accusations of our own that are shown again; past it the oldest goes. [guess]"""
RECOVERY_AWAITED_MAX = 1_024
"""Altered blocks that a recovering node waits for by name. With more it can not account for its
store, and asks every member. [guess: they fit in one stored fact]"""
RECOVERY_AUTHORS_MAX = 64
"""Members that one node hosts, in what recovering nodes ask and tell. [guess]"""
RECOVERY_LOOSE_MAX = 4_096
"""Intact blocks behind missing ones that are kept to be taken later; past it those of others stay
in the old store alone, for peers have them. [guess: as many as wait in the orphans' room]"""
REUNION_STEPS_MAX = 256
"""Steps of one reunion; further conflicts wait for the next one. [guess: they fit in one stored
fact]"""
REUNION_KINDS_MAX = 7
"""Ways in which one member can reconcile one pair: three strategies, and four findings of the
semantic one. [what the operations allow]"""
REUNION_DEPENDENTS_MAX = 64
"""Beliefs that lean on a conflict, as far as they are told. [guess: a screen]"""
