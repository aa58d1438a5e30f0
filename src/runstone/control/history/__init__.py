"""What changed on the Map, when: written with each difference, asked when something has gone wrong."""
