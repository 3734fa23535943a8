"""The single checks that make up `flowstudio.graph.validate`, one file per thing that is checked."""
