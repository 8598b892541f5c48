"""The app: an investigator's screens over graphflow, in Chinese or English, on one machine.

`main.py` is what Streamlit runs; `screens/` has one screen a file, each with `def show()`. Here are
widgets only: what is shown comes from graphflow's front door.
"""
