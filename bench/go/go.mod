module heartbeats/bench

go 1.22
