#!/bin/bash
echo "helped $1"
