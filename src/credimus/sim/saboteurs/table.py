"""Small wrongs under which a checker must fail: proof that it can.

Each patches a class for the length of one run, private parts included; nothing but tests uses them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

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
from credimus.sim.checkers.delivering import (
    a_message_is_processed_at_most_once,
    an_acknowledged_message_was_durable,
    at_least_once_arrives_after_healing,
)
from credimus.sim.checkers.guarding import (
    an_honest_peer_is_never_faulted,
    no_node_starts_from_a_damaged_disk,
    nothing_exceeds_its_limit,
    nothing_unsigned_is_taken,
)
from credimus.sim.checkers.liveness import (
    a_partition_is_noticed_and_told_healed,
    the_dead_are_noticed,
    the_living_are_not_declared_dead,
)
from credimus.sim.checkers.opinions import same_blocks_same_standing
from credimus.sim.checkers.reaching import (
    a_block_reaches_all_that_can_be_reached,
    a_node_keeps_enough_neighbours,
    no_message_travels_in_a_loop,
    no_node_has_too_many_neighbours,
)
from credimus.sim.checkers.reunions import a_reunion_is_done_whole_or_not_at_all
from credimus.sim.checkers.secrecy import only_readers_read
from credimus.sim.checkers.splits import (
    both_sides_reconcile_alike,
    severe_partition_refuses_writes_and_changes_nothing,
)
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.compaction import WRONGS
from credimus.sim.saboteurs.delivering import (
    a_disk_that_takes_no_records,
    a_receiver_that_forgets_what_it_finished,
    a_receiver_that_takes_a_new_key_for_another_sender,
    a_sender_that_forgets_who_took_a_new_key,
    a_sender_that_sends_once,
)
from credimus.sim.saboteurs.membering import MEMBER_WRONGS
from credimus.sim.saboteurs.recovering import RECOVERY_WRONGS
from credimus.sim.saboteurs.spreading import (
    a_forwarder_that_forgets_whom_it_told,
    a_node_that_spreads_nothing,
    an_overlay_that_loses_neighbours,
    an_overlay_that_takes_everybody,
)
from credimus.sim.saboteurs.vigilant import VIGILANCE_WRONGS
from credimus.sim.saboteurs.wrongs import (
    a_disk_that_forgets,
    a_disk_that_is_not_verified,
    a_door_that_checks_no_signature,
    a_door_that_counts_no_category,
    a_door_that_counts_nothing,
    a_fleet_that_never_reconciles,
    a_fold_that_favours_the_first,
    a_fold_that_trusts_every_electorate,
    a_key_for_everybody,
    a_network_that_garbles,
    a_node_that_does_not_wait_for_its_disk,
    a_node_that_hears_no_probe,
    a_node_that_never_looks_around,
    a_node_that_votes_twice,
    a_policy_that_permits_everything,
    a_probe_that_never_fails,
    a_proof_without_its_last_vote,
    a_sync_that_never_pulls,
    a_threshold_of_one,
    a_verdict_that_is_taken_back,
    a_view_of_what_came_first,
    an_undoing_that_takes_nothing_back,
)


class Saboteur(msgspec.Struct, frozen=True, kw_only=True):
    """A wrong, the checker that it must trip, and the profile under which it shows."""

    sabotage: Callable[[Fleet], AbstractContextManager[None]]
    trips: type[Checker]
    profile: str
    nodes: int | None = None
    """Computers that it needs to show; as many as usual when None."""
    statements: int = 30
    """Groups of commands that it needs to show."""
    messages: int | None = None
    """Messages between applications that it needs to show; as many as usual when None."""
    safety_s: int = 4
    """Virtual seconds under faults that it needs to show."""

    @property
    def name(self) -> str:
        """As tests show it."""
        return self.sabotage.__name__


SABOTEURS: tuple[Saboteur, ...] = (
    *(Saboteur(sabotage=w, trips=t, profile="recovery", safety_s=s) for w, t, s in RECOVERY_WRONGS),
    *(Saboteur(sabotage=w, trips=t, profile="checkpoints", safety_s=s) for w, t, s in WRONGS),
    Saboteur(
        sabotage=a_receiver_that_forgets_what_it_finished,
        trips=a_message_is_processed_at_most_once,
        profile="lossy",
    ),
    Saboteur(
        sabotage=a_disk_that_takes_no_records,
        trips=an_acknowledged_message_was_durable,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_sender_that_sends_once,
        trips=at_least_once_arrives_after_healing,
        profile="lossy",
    ),
    Saboteur(
        sabotage=a_sender_that_forgets_who_took_a_new_key,
        trips=at_least_once_arrives_after_healing,
        profile="rotation",
        statements=3,
        messages=60,
    ),
    Saboteur(
        sabotage=a_receiver_that_takes_a_new_key_for_another_sender,
        trips=a_message_is_processed_at_most_once,
        profile="rotation",
        statements=3,
        messages=60,
    ),
    Saboteur(sabotage=a_fold_that_favours_the_first, trips=same_blocks_same_state, profile="lossy"),
    Saboteur(sabotage=a_view_of_what_came_first, trips=same_blocks_same_standing, profile="lossy"),
    Saboteur(sabotage=a_threshold_of_one, trips=no_two_certificates_conflict, profile="lossy"),
    Saboteur(sabotage=a_threshold_of_one, trips=a_verdict_follows_from_its_votes, profile="calm"),
    Saboteur(
        sabotage=a_fold_that_trusts_every_electorate,
        trips=a_round_is_of_the_whole_fleet,
        profile="stacked",
    ),
    Saboteur(
        sabotage=a_node_that_votes_twice,
        trips=a_durable_vote_is_never_contradicted,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_verdict_that_is_taken_back,
        trips=a_decided_belief_stays_decided,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_disk_that_forgets, trips=a_durable_vote_is_never_contradicted, profile="churn"
    ),
    Saboteur(sabotage=a_disk_that_forgets, trips=nothing_acknowledged_is_lost, profile="storm"),
    Saboteur(
        sabotage=a_node_that_does_not_wait_for_its_disk,
        trips=a_durable_vote_is_never_contradicted,
        profile="churn",
    ),
    Saboteur(sabotage=a_sync_that_never_pulls, trips=healed_fleet_converges, profile="lossy"),
    Saboteur(
        sabotage=a_proof_without_its_last_vote,
        trips=every_verdict_has_a_certificate,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_door_that_checks_no_signature,
        trips=nothing_unsigned_is_taken,
        profile="byzantine",
    ),
    Saboteur(sabotage=a_door_that_counts_nothing, trips=nothing_exceeds_its_limit, profile="flood"),
    Saboteur(
        sabotage=a_door_that_counts_no_category,
        trips=nothing_exceeds_its_limit,
        profile="flood",
        statements=3,
        safety_s=1,
    ),
    Saboteur(
        sabotage=a_network_that_garbles, trips=an_honest_peer_is_never_faulted, profile="calm"
    ),
    Saboteur(
        sabotage=a_disk_that_is_not_verified,
        trips=no_node_starts_from_a_damaged_disk,
        profile="disk",
    ),
    *(
        Saboteur(sabotage=what, trips=whom, profile=where)
        for what, whom, where in (*MEMBER_WRONGS, *VIGILANCE_WRONGS)
    ),
    Saboteur(sabotage=a_key_for_everybody, trips=only_readers_read, profile="calm"),
    Saboteur(
        sabotage=a_probe_that_never_fails, trips=the_dead_are_noticed, profile="absent", safety_s=12
    ),
    Saboteur(
        sabotage=a_node_that_hears_no_probe,
        trips=the_living_are_not_declared_dead,
        profile="calm",
        safety_s=8,
    ),
    Saboteur(
        sabotage=a_node_that_spreads_nothing,
        trips=a_block_reaches_all_that_can_be_reached,
        profile="calm",
        nodes=13,
        statements=8,
        safety_s=8,
    ),
    Saboteur(
        sabotage=a_forwarder_that_forgets_whom_it_told,
        trips=no_message_travels_in_a_loop,
        profile="crowd",
        nodes=13,
        statements=3,
        safety_s=3,
    ),
    Saboteur(
        sabotage=an_overlay_that_takes_everybody,
        trips=no_node_has_too_many_neighbours,
        profile="crowd",
        nodes=16,
        statements=3,
        safety_s=2,
    ),
    Saboteur(
        sabotage=an_overlay_that_loses_neighbours,
        trips=a_node_keeps_enough_neighbours,
        profile="calm",
        nodes=13,
        statements=3,
        safety_s=6,
    ),
    Saboteur(
        sabotage=a_policy_that_permits_everything,
        trips=severe_partition_refuses_writes_and_changes_nothing,
        profile="apart",
        safety_s=16,
    ),
    Saboteur(
        sabotage=a_node_that_never_looks_around,
        trips=a_partition_is_noticed_and_told_healed,
        profile="apart",
        safety_s=25,
    ),
    Saboteur(
        sabotage=a_fleet_that_never_reconciles,
        trips=both_sides_reconcile_alike,
        profile="apart",
        safety_s=16,
    ),
    Saboteur(
        sabotage=an_undoing_that_takes_nothing_back,
        trips=a_reunion_is_done_whole_or_not_at_all,
        profile="reunions",
        safety_s=20,
    ),
)
