from tests.faults.campaign import campaign


def test_runs_killed_again_and_again_finish_and_repeat_only_what_was_in_flight():
    report = campaign(runs=6, kills=3, seed=7, batch=6)
    assert report.violations == []
    assert report.finished == report.runs == 6
    assert report.kills_met_by_runs == 18
    assert 0 < report.repeats <= report.in_flight_at_kills
