module rig.dashecorp.com/flagger

go 1.26.0

require github.com/fluxcd/flagger v1.41.0 // indirect
