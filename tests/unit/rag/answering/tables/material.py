"""Tables that the tests ask about."""

from __future__ import annotations

from tests.unit.rag.answering.tables.pages import evidence

REVENUE = evidence(
    """
Revenue of the Sorrel bakery

Year    Quarter    Revenue (thousand euros)
2023    Q1                               88
2023    Q2                              104
2023    Q3                               93
2023    Q4                              125
2024    Q1                               97
2024    Q2                              110
2024    Q3                               99
2024    Q4                              131
"""
)

STATIONS = evidence(
    """
Stations of the valley line

Station            Opened    Platforms    Parking spaces
Cedar Street         1925            3                94
Elm Street           1929            5               168
Holly Street         1983            2               237
Iris Street          1985            3               274
"""
)

STORAGE = evidence(
    """
See the following chart for storage times in the refrigerator.

Type                   Approximate time (days)
Chicken                                 1 to 2
Ground beef                             1 to 2
Steaks and roasts                       3 to 5
Bacon                                   5 to 7
"""
)

CALLS = evidence(
    """
Table 2. Call-outs in 2024 by cause and model

Cause                        Bittern 4    Bittern 6    Bittern 9    All
Fog Eye lens dirty                  49           28           11     88
Air leak                            30           22            9     61
Water or ice                        19           12            3     34
All causes                          98           62           23    183
"""
)

TECHNICAL = evidence(
    """
Table 1. Technical data of all models

Property                            Bittern 4    Bittern 4S    Bittern 9
Years of manufacture               since 1981    since 2007   since 1994
Range in still air (nautical miles)       2.0           2.0          6.5
Note (Hz)                                 380           380          170
Sound level at 1 m (dB)                   131           131          146
Mass of sound head (kg)                    46            51          310
"""
)

PRICES = evidence(
    """
Table 8. Spare parts and prices, 2025

Part     Description               Bittern 4    Bittern 6
K-02     Diaphragm with gasket           €64         €188
K-15     Compressor belt                 €17          €24
K-44     Mesh cap                        €33          €52
"""
)

OFFICES = evidence(
    """
Table 1. Offices of the Cooperative

Office                Held by                 Task                         Term

Chair                 Tobias Quillfeather     leads the meeting            3 years

Treasurer             Corwin Mabey            money and expenses           3 years

Members' listener     Yusra Finmarsh          hears complaints             2 years
"""
)

CODES = evidence(
    """
Code    What you notice          What to do

E14     Blast starts late        Two drops of valve oil.

E17     Note is too high         Turn to OFF.

E19     Signal is locked         Restore the supply.
"""
)

QUARTER = """
Net sales by category were as follows (in millions):

                        Three Months Ended           Nine Months Ended
                        July 1,     June 25,       July 1,     June 25,
                          2023         2022          2023         2022
iPhone                $ 39,669     $ 40,665     $ 156,778    $ 162,863
Mac                      6,840        7,382        21,743       28,669
iPad                     5,791        7,224        21,857       22,118
Total net sales       $ 52,300     $ 55,271     $ 200,378    $ 213,650
"""

SEGMENTS = evidence(
    """
(In millions)

Three Months Ended September 30,          2023          2022
Revenue
  Cloud                                 24,259        20,325
  Devices                               13,666        13,332
  Total                                 37,925        33,657
Operating income
  Cloud                                 11,751         8,978
  Devices                                5,174         4,217
  Total                                 16,925        13,195
"""
)

FERRIES = evidence(
    """
Ferries of the sound

From           To             Departs    Arrives    Adult (£)
Tarbet         Inverkell        07:15      08:05         9.40
Tarbet         Skarra           08:30      10:20        16.20
Skarra         Tarbet           13:00      14:50        16.20
Skarra         Inverkell        17:45      18:50        11.80
"""
)

INCOME = evidence(
    """
Statement of income (in thousands)

                          2024         2023
Gross profit            19,096       17,517
Operating income         8,771        7,557
Net income               6,120        5,210
""",
    "income_2024.pdf",
)

MOWERS = evidence(
    """
Technical data

                     MZ 40       MZ 40 E     MZ 52
Engine               petrol      electric    petrol
Weight (kg)            23.5          17.2      31.8
Noise (dB)               96            88        98
Price (€)               329           289       449
"""
)

SCORES = evidence(
    """
Labelled score on the test sets

Parser               English    Finnish
Chain                   89.2       84.1
Biaffine                92.4       87.9
Biaffine (small)        90.8       85.0
"""
)
