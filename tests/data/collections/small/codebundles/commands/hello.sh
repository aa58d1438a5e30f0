#!/bin/bash
source ./neighbour.sh
echo "hello ${1:-$NAME} from $who"
