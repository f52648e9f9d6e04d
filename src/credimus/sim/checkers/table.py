"""Every sentence that all runs are judged by, in the order in which they hear of things."""

from credimus.sim.checkers.acknowledged import nothing_acknowledged_is_lost
from credimus.sim.checkers.agreement import (
    a_decided_belief_stays_decided,
    a_durable_vote_is_never_contradicted,
    a_round_is_of_the_whole_fleet,
    a_verdict_follows_from_its_votes,
    every_verdict_has_a_certificate,
    healed_fleet_converges,
    no_two_certificates_conflict,
    same_blocks_same_state,
)
from credimus.sim.checkers.checker import Checker
from credimus.sim.checkers.compaction import (
    a_joiner_from_a_checkpoint_agrees,
    nothing_is_pruned_before_it_is_certified,
    pruned_and_whole_nodes_agree,
    what_a_block_names_is_held,
)
from credimus.sim.checkers.guarding import (
    an_honest_peer_is_never_faulted,
    no_node_starts_from_a_damaged_disk,
    nothing_exceeds_its_limit,
    nothing_unsigned_is_taken,
)
from credimus.sim.checkers.membering import MEMBERING
from credimus.sim.checkers.opinions import same_blocks_same_standing
from credimus.sim.checkers.reaching import (
    no_message_travels_in_a_loop,
    no_node_has_too_many_neighbours,
)
from credimus.sim.checkers.recovering import (
    a_recovered_member_keeps_its_word,
    a_recovered_node_agrees_with_all,
    a_recovering_node_never_contradicts_itself,
    recovery_loses_nothing_acknowledged,
)
from credimus.sim.checkers.reunions import a_reunion_is_done_whole_or_not_at_all
from credimus.sim.checkers.secrecy import only_readers_read
from credimus.sim.checkers.splits import (
    both_sides_reconcile_alike,
    severe_partition_refuses_writes_and_changes_nothing,
)
from credimus.sim.checkers.telling import what_is_told_is_all_there_is
from credimus.sim.checkers.vigilant import VIGILANT

ALL: tuple[type[Checker], ...] = (
    a_durable_vote_is_never_contradicted,  # first: it fills the record
    same_blocks_same_state,
    same_blocks_same_standing,
    no_two_certificates_conflict,
    a_verdict_follows_from_its_votes,
    a_round_is_of_the_whole_fleet,
    a_decided_belief_stays_decided,
    nothing_acknowledged_is_lost,
    healed_fleet_converges,
    every_verdict_has_a_certificate,
    nothing_unsigned_is_taken,
    nothing_exceeds_its_limit,
    an_honest_peer_is_never_faulted,
    no_node_starts_from_a_damaged_disk,
    no_message_travels_in_a_loop,
    no_node_has_too_many_neighbours,
    *MEMBERING,
    *VIGILANT,
    pruned_and_whole_nodes_agree,
    nothing_is_pruned_before_it_is_certified,
    what_a_block_names_is_held,
    a_joiner_from_a_checkpoint_agrees,
    severe_partition_refuses_writes_and_changes_nothing,
    both_sides_reconcile_alike,
    only_readers_read,
    a_recovered_node_agrees_with_all,
    a_recovering_node_never_contradicts_itself,
    recovery_loses_nothing_acknowledged,
    a_recovered_member_keeps_its_word,
    what_is_told_is_all_there_is,
    a_reunion_is_done_whole_or_not_at_all,
)
