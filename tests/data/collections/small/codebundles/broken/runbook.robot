*** Settings ***
Library             RW.Core
