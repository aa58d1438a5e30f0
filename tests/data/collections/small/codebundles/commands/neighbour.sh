who=neighbour
