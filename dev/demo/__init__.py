"""`make demo`: some hundred learners are mailed through all there is, on this machine, and everything is checked.

`learners.csv` and `reminder.html` are what a Moodle would send; `__main__` is the course of it, `checks` judges what
came of it, `report` shows it.
"""
